"""Weights and outputs of Tessera against PyTorch, both ways; the tests run it in a folder that they have filled.

    python round_trip.py FOLDER NAME MODEL key=value...

Reads NAME.safetensors (weights) and NAME-values.safetensors (inputs and Tessera's outputs), compares the outputs, and
writes NAME-torch.safetensors and NAME-torch-values.safetensors: other weights, and PyTorch's outputs for them.
"""

import sys

import torch
from safetensors.torch import load_file, save_file

from tessera_models import VAE, ConvolutionalVAE, PixelCNN, load, save


def outputs(model, values):
    with torch.no_grad():
        if isinstance(model, VAE):
            return {
                "posterior": model.encoder(values["images"].flatten(1)),
                "decoded": torch.sigmoid(model.decoder(values["codes"])).reshape(values["images"].shape),
            }
        images = values["images"].permute(0, 3, 1, 2)
        if isinstance(model, ConvolutionalVAE):
            decoded = torch.sigmoid(model.decoder(values["codes"])).permute(0, 2, 3, 1).contiguous()
            return {"posterior": model.encoder(images), "decoded": decoded}
        parameters = model(images)
        return {"parameters": parameters.permute(0, 2, 3, 1).contiguous()}


def main():
    folder, name, kind, *settings = sys.argv[1:]
    settings = {key: int(value) for key, value in (setting.split("=") for setting in settings)}
    model = {"vae": VAE, "conv-vae": ConvolutionalVAE, "pixelcnn": PixelCNN}[kind](**settings)

    load(model, f"{folder}/{name}.safetensors")
    values = load_file(f"{folder}/{name}-values.safetensors")
    for output, found in outputs(model, values).items():
        difference = (found - values[output]).abs().max().item()
        print(f"{output}: largest difference {difference:.2e}")
        if not difference <= 1e-4:
            sys.exit(f"{output} differs by {difference}, more than 1e-4")

    torch.manual_seed(1)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    save(model, f"{folder}/{name}-torch.safetensors")
    save_file(outputs(model, values), f"{folder}/{name}-torch-values.safetensors")


main()
