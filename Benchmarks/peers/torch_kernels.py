#!/usr/bin/env python3
"""PyTorch's times of single kernels, for `tessera-bench kernels`: one JSON object a line,
{"workload", "variant", "seconds"}, the median of a few runs. Usage: torch_kernels.py --threads N --only WORKLOAD

Workloads: "product MxNxK", "product-ta MxNxK" (the first operand stored transposed, as weight gradients have it),
"conv NxHxWxCxCHANNELSxSIDExSTRIDE" (dense, padded by one), "conv-input" and "conv-weights" (its gradients),
"masked-conv NxHxWxC", "masked-conv-train NxHxWxC" (3x3, mask B), "cross-entropy ROWSxCLASSES" (with the gradient), "chain N"
(ten operations on each of N numbers).
"""
import argparse, json, statistics, time
import torch, torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--device", default="cpu")
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--only", required=True)
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
kind, _, size = arguments.only.partition(" ")
sizes = [int(part) for part in size.split("x")]


def report(variant, step):
    """Median of runs of about 50 ms each."""
    step()
    start = time.perf_counter()
    step()
    inner = max(1, int(0.05 / (time.perf_counter() - start)))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(inner):
            step()
        times.append((time.perf_counter() - start) / inner)
    print(json.dumps({"workload": arguments.only, "variant": variant, "seconds": statistics.median(times)}), flush=True)


def convolutions(part):
    """One kind of a dense convolution, in both layouts."""
    n, height, width, channels, outputs, side, stride = sizes
    for layout, name in ((torch.contiguous_format, "nchw"), (torch.channels_last, "nhwc")):
        x = torch.randn(n, channels, height, width).to(memory_format=layout)
        w = torch.randn(outputs, channels, side, side).to(memory_format=layout)
        y = torch.randn_like(F.conv2d(x, w, stride=stride, padding=1))
        wanted = [part == "conv-input", part == "conv-weights", False]

        def step():
            if part == "conv":
                return F.conv2d(x, w, stride=stride, padding=1)
            return torch.ops.aten.convolution_backward(
                y, x, w, None, [stride] * 2, [1, 1], [1, 1], False, [0, 0], 1, wanted)

        report(name, step)


def masked_convolutions(trains):
    """The usual formulation, weights times mask, in both layouts; and two that leave out masked taps."""
    n, height, width, channels = sizes
    mask = torch.ones(channels, channels, 3, 3)
    mask[:, :, 1, 2:] = 0
    mask[:, :, 2] = 0
    for layout, name in ((torch.contiguous_format, "nchw"), (torch.channels_last, "nhwc")):
        x = torch.randn(n, channels, height, width).to(memory_format=layout)
        w = torch.randn(channels, channels, 3, 3).to(memory_format=layout)
        above = torch.randn(channels, channels, 1, 3).to(memory_format=layout)
        beside = torch.randn(channels, channels, 1, 2).to(memory_format=layout)
        two_rows = torch.randn(channels, channels, 2, 3).to(memory_format=layout)
        for tensor in (x, w, above, beside, two_rows):
            tensor.requires_grad_(trains)
        forms = {
            "weights times mask": lambda: F.conv2d(x, w * mask, padding=1),
            "two rows": lambda: F.conv2d(F.pad(x, (1, 1, 1, 0)), two_rows * mask[:, :, :2]),
            "row above and pixels beside": lambda: F.conv2d(F.pad(x, (1, 1, 1, 0))[:, :, :-1], above)
            + F.conv2d(F.pad(x, (1, 0, 0, 0)), beside),
        }
        gradient = torch.randn(n, channels, height, width).to(memory_format=layout)
        for form, forward in forms.items():
            def step(forward=forward):
                for tensor in (x, w, above, beside, two_rows):
                    tensor.grad = None
                y = forward()
                if trains:
                    y.backward(gradient)
            report(f"{form}, {name}", step)


if kind == "product":
    m, n, k = sizes
    a, b, c = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
    report("mm", lambda: torch.mm(a, b, out=c))
elif kind == "product-ta":
    m, n, k = sizes
    a, b, c = torch.randn(k, m), torch.randn(k, n), torch.empty(m, n)
    report("mm", lambda: torch.mm(a.t(), b, out=c))
elif kind in ("conv", "conv-input", "conv-weights"):
    convolutions(kind)
elif kind in ("masked-conv", "masked-conv-train"):
    masked_convolutions(kind.endswith("train"))
elif kind == "cross-entropy":
    rows, classes = sizes
    logits, labels = torch.randn(rows, classes, requires_grad=True), torch.randint(0, classes, (rows,))

    def step():
        logits.grad = None
        F.cross_entropy(logits, labels).backward()

    report("cross_entropy", step)
elif kind == "chain":
    x, y = torch.randn(sizes[0]), torch.randn(sizes[0])
    report("eager", lambda: ((x * y).tanh() + (x * 0.5).exp()) / ((y * y) + 1.5) * torch.sigmoid(x - y))
else:
    parser.error(f"unknown workload {arguments.only}")
