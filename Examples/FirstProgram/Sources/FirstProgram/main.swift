import Tessera

let device = try DeviceSelection.choose()
let digits = try DatasetCatalog.load("digits")

let model = try VAE(images: ImageSpace(digits.train))
let trainer = try Trainer(model, data: digits, on: device)
try trainer.train { event in
    if case .epoch(let number, let progress) = event { print("epoch \(number): \(progress.loss) nats") }
}

try ImagePanel.samples(of: model, count: 64, on: device).write(to: "digits.png")
print("64 new digits, made on \(device.info.name): digits.png")
