#!/usr/bin/env python3
"""The PyTorch peer of the PixelRNNs (van den Oord, Kalchbrenner & Kavukcuoglu 2016), written plainly: eager, a loop over
rows (Row LSTM) or over the columns of the skewed image (Diagonal BiLSTM), input-to-state products for all steps at once.

Prints one JSON line a workload, as torch_peers.py does. Usage:

    pixelrnn.py [--device cpu|cuda] [--threads N] [--only row-lstm,diagonal-bilstm] [--quick]

28x28x1 black and white, 7x7 mask A -> 32, 7 layers of h=16 with a 1x1 convolution back to 32 and a residual, ReLU 1x1
32->32, ReLU 1x1 32->1; batch 16; Adam 1e-3.
"""
import argparse, json, statistics, time
import torch, torch.nn as nn, torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
parser.add_argument("--threads", type=int, default=0)
parser.add_argument("--only", default="row-lstm,diagonal-bilstm")
parser.add_argument("--quick", action="store_true")
args = parser.parse_args()
if args.threads: torch.set_num_threads(args.threads)
torch.manual_seed(0)
cuda = args.device.startswith("cuda")
BATCH, HIDDEN, LAYERS, SIDE = 16, 16, 7, 28

class MaskedConv(nn.Conv2d):
    def __init__(self, kind, inputs, outputs, kernel, padding):
        super().__init__(inputs, outputs, kernel, padding=padding)
        mask = torch.ones_like(self.weight)
        rows, columns = mask.shape[2:]
        mask[:, :, rows // 2, columns // 2 + (kind == "B"):] = 0
        mask[:, :, rows // 2 + 1:] = 0
        self.register_buffer("mask", mask)
    def forward(self, x): return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)

def cell(gates, c):
    i, f, g, o = gates.chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c

class RowLSTM(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = hidden
        self.input_to_state = MaskedConv("B", inputs, 4 * hidden, (1, 3), (0, 1))
        self.state_to_state = nn.Conv1d(hidden, 4 * hidden, 3, padding=1, bias=False)
    def forward(self, x):
        gates = self.input_to_state(x)
        h = c = x.new_zeros(x.shape[0], self.hidden, x.shape[3])
        rows = []
        # Not gates[:, :, row]: the gradient of each such slice would be an array as large as all of them.
        for row in gates.unbind(2):
            h, c = cell(row + self.state_to_state(h), c)
            rows.append(h)
        return torch.stack(rows, 2)

class DiagonalLSTM(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = hidden
        self.input_to_state = nn.Conv2d(inputs, 4 * hidden, 1)
        self.state_to_state = nn.Conv1d(hidden, 4 * hidden, 2, bias=False)
    def forward(self, x):
        n, _, height, width = x.shape
        gates = F.pad(self.input_to_state(x), (0, height)).flatten(2)[:, :, :-height]
        gates = gates.view(n, 4 * self.hidden, height, width + height - 1)
        h = c = x.new_zeros(n, self.hidden, height)
        columns = []
        for column in gates.permute(3, 0, 1, 2).contiguous().unbind(0):
            h, c = cell(column + self.state_to_state(F.pad(h, (1, 0))), c)
            columns.append(h)
        skewed = F.pad(torch.stack(columns, 3).flatten(2), (0, height))
        return skewed.view(n, self.hidden, height, width + height)[..., :width]

class DiagonalBiLSTM(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.right, self.left = DiagonalLSTM(inputs, hidden), DiagonalLSTM(inputs, hidden)
    def forward(self, x):
        left = self.left(x.flip(3)).flip(3)
        return self.right(x) + F.pad(left, (0, 0, 1, 0))[:, :, :-1]

class PixelRNN(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.first = MaskedConv("A", 1, 2 * HIDDEN, 7, 3)
        self.layers = nn.ModuleList(layer(2 * HIDDEN, HIDDEN) for _ in range(LAYERS))
        self.widening = nn.ModuleList(nn.Conv2d(HIDDEN, 2 * HIDDEN, 1) for _ in range(LAYERS))
        self.last = nn.ModuleList([nn.Conv2d(2 * HIDDEN, 2 * HIDDEN, 1), nn.Conv2d(2 * HIDDEN, 1, 1)])
    def forward(self, x):
        x = self.first(2 * x - 1)
        for layer, widening in zip(self.layers, self.widening): x = x + widening(layer(x))
        for layer in self.last: x = layer(F.relu(x))
        return x

def seconds(step):
    sync = torch.cuda.synchronize if cuda else lambda: None
    for _ in range(2): step()
    times = []
    for _ in range(3 if args.quick else 7):
        sync(); start = time.perf_counter()
        step()
        sync(); times.append(time.perf_counter() - start)
    return statistics.median(times)

for name, layer in (("row-lstm", RowLSTM), ("diagonal-bilstm", DiagonalBiLSTM)):
    if name not in args.only.split(","): continue
    net = PixelRNN(layer).to(args.device)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    x = torch.randint(0, 2, (BATCH, 1, SIDE, SIDE), device=args.device).float()
    def step():
        optimizer.zero_grad(set_to_none=False)
        (F.binary_cross_entropy_with_logits(net(x), x, reduction="sum") / BATCH).backward()
        optimizer.step()
    took = seconds(step)
    device = torch.cuda.get_device_name() if cuda else f"cpu x{torch.get_num_threads()}"
    print(json.dumps({"peer": "torch " + torch.__version__, "workload": name + " step", "device": device,
                      "variant": "fp32 eager", "seconds": took, "rate": BATCH / took, "unit": "examples/s"}), flush=True)
