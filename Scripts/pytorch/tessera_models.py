"""Three of Tessera's models in PyTorch, and the way of their weights between the two.

    model = VAE(dimensions=784, hidden=400, latent=20)
    load(model, "runs/vae/model.safetensors")     # from Tessera
    save(model, "runs/vae/model.safetensors")     # and back

Names are equal on both sides: modules are named as in Tessera, and a parameter is MODULE.weight or MODULE.bias. Layouts
differ, since Tessera keeps channels last:

    layer                     Tessera                         PyTorch
    Linear                    weight [in, out]                weight [out, in]
    Conv2d                    weight [kh * kw, in, out]       weight [out, in, kh, kw]
    MaskedConv2d              as Conv2d, without the taps     weight [out, in, k, k], zeros there
                              that are masked
    ConvTranspose2d           weight [kh * kw, out, in]       weight [in, out, kh, kw]
    images                    [N, height, width, channels]    [N, channels, height, width]

Taps are in raster order. Biases and everything with one axis are the same. Where an image is flattened, its channels come
last.
"""

import torch
from safetensors.torch import load_file, save_file
from torch import nn


class Perceptron(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, *sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


class VAE(nn.Module):
    """`vae`: images [N, dimensions] in 0...1, in the order height, width, channels."""

    def __init__(self, dimensions, hidden=400, layers=1, latent=20):
        super().__init__()
        self.encoder = Perceptron(dimensions, *[hidden] * layers, 2 * latent)
        self.decoder = Perceptron(latent, *[hidden] * layers, dimensions)


class ConvolutionalVAE(nn.Module):
    """`conv-vae`, for a size that the stages halve without a rest: images [N, channels, height, width] in 0...1."""

    def __init__(self, height, width, channels=1, first=32, stages=2, hidden=256, latent=20):
        super().__init__()
        sizes = [channels] + [first << stage for stage in range(stages)]
        self.smallest = (height >> stages, width >> stages, sizes[-1])
        flat = self.smallest[0] * self.smallest[1] * self.smallest[2]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in zip(sizes, sizes[1:]))
        self.encoderHead = Perceptron(flat, hidden, 2 * latent)
        self.decoderHead = Perceptron(latent, hidden, flat)
        sizes.reverse()
        self.transposedConvolutions = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in zip(sizes, sizes[1:]))

    def encoder(self, images):
        x = images
        for convolution in self.convolutions:
            x = torch.relu(convolution(x))
        return self.encoderHead(x.permute(0, 2, 3, 1).flatten(1))

    def decoder(self, codes):
        x = self.decoderHead(codes).reshape(-1, *self.smallest).permute(0, 3, 1, 2)
        for convolution in self.transposedConvolutions:
            x = convolution(torch.relu(x))
        return x


class MaskedConv2d(nn.Conv2d):
    """Mask A hides a pixel and those after it, mask B those after it. The channels of a pixel come one after the other:
    features are in as many groups as the images have channels, and at the pixel itself an output sees the groups before
    its own, with mask B its own too."""

    def __init__(self, inputs, outputs, kernel, mask, groups=1):
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)
        middle = kernel // 2
        visible = torch.zeros(outputs, inputs, kernel, kernel)
        visible[:, :, :middle] = 1
        visible[:, :, middle, :middle] = 1
        sources = torch.arange(inputs) * groups // inputs
        targets = (torch.arange(outputs) * groups // outputs)[:, None]
        visible[:, :, middle, middle] = (sources < targets if mask == "A" else sources <= targets).float()
        self.register_buffer("visible", visible, persistent=False)
        # The taps that Tessera keeps: the middle is one of them if any pair of channels meets there.
        self.taps = kernel * middle + middle + (mask == "B" or groups > 1)

    def forward(self, x):
        return self._conv_forward(x, self.weight * self.visible, self.bias)


class PixelCNNBlock(nn.Module):
    def __init__(self, hidden, groups):
        super().__init__()
        self.narrowing = MaskedConv2d(2 * hidden, hidden, 1, "B", groups)
        self.masked = MaskedConv2d(hidden, hidden, 3, "B", groups)
        self.widening = MaskedConv2d(hidden, 2 * hidden, 1, "B", groups)

    def forward(self, x):
        y = x
        for layer in (self.narrowing, self.masked, self.widening):
            y = layer(torch.relu(y))
        return x + y


class PixelCNN(nn.Module):
    """`pixelcnn`: images [N, channels, height, width] in 0...1 to the parameters of every pixel's distribution: a logit a
    channel for two levels, otherwise channels * levels logits."""

    def __init__(self, channels=1, levels=2, hidden=16, blocks=15, kernel=7):
        super().__init__()
        parameters = channels if levels == 2 else channels * levels
        self.first = MaskedConv2d(channels, 2 * hidden, kernel, "A", channels)
        self.blocks = nn.ModuleList(PixelCNNBlock(hidden, channels) for _ in range(blocks))
        self.last = nn.ModuleList(
            MaskedConv2d(2 * hidden, outputs, 1, "B", channels) for outputs in (2 * hidden, parameters))

    def forward(self, images):
        x = self.first(images * 2 - 1)
        for block in self.blocks:
            x = block(x)
        for layer in self.last:
            x = layer(torch.relu(x))
        return x


def _to_torch(module, weight):
    if isinstance(module, nn.Linear):
        return weight.T
    taps = torch.zeros(module.kernel_size[0] * module.kernel_size[1], *weight.shape[1:])
    taps[: weight.shape[0]] = weight
    return taps.permute(2, 1, 0).reshape(module.weight.shape)


def _from_torch(module):
    weight = module.weight.detach()
    if isinstance(module, nn.Linear):
        return weight.T
    taps = weight.flatten(2).permute(2, 1, 0)
    return taps[: module.taps] if isinstance(module, MaskedConv2d) else taps


def load(model, path):
    """Takes weights that Tessera wrote."""
    tensors = load_file(path)
    state = {}
    for name, module in model.named_modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            state[f"{name}.weight"] = _to_torch(module, tensors.pop(f"{name}.weight"))
            state[f"{name}.bias"] = tensors.pop(f"{name}.bias")
    if tensors:
        raise ValueError(f"{path} holds weights that the model has not: {sorted(tensors)}")
    model.load_state_dict(state)


def save(model, path):
    """Writes weights for Tessera."""
    tensors = {}
    for name, module in model.named_modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            tensors[f"{name}.weight"] = _from_torch(module).contiguous()
            tensors[f"{name}.bias"] = module.bias.detach().contiguous()
    save_file(tensors, path)
