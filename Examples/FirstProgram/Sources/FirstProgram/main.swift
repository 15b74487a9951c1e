import Tessera

let device = try DeviceSelection.choose()
let digits = try DatasetCatalog.load("digits")

var settings = VAE.Configuration()
settings.latent = 8
settings.decoder = .logistic
let model = try VAE(images: ImageSpace(digits.train), configuration: settings)

let trainer = try Trainer(model, data: digits, configuration: TrainingConfiguration(.epochs(300)), on: device)
let result = try trainer.train { event in
    if case .evaluated(let step, let figures) = event { print("step \(step): \(figures.nats ?? 0) nats") }
}

try ImagePanel.samples(of: model, count: 64, on: device).write(to: "digits.png")
print("\(result.steps) steps on \(device.info.name); 64 new digits are in digits.png")
