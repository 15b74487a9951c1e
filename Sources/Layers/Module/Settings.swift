/// Checks of a layer's or an optimizer's settings, with the owner's name for the message.
struct Settings {
    let owner: String

    init(of owner: String) { self.owner = owner }

    func require(_ holds: Bool, _ setting: String, _ expected: String, found: some CustomStringConvertible) throws {
        guard holds else {
            throw LayerError.badSetting(layer: owner, setting: setting, expected: expected, found: found.description)
        }
    }

    /// Extents, channels, strides: 1 or more.
    func requirePositive(_ setting: String, _ values: Int...) throws {
        for value in values { try require(value >= 1, setting, "1 or more", found: value) }
    }
}
