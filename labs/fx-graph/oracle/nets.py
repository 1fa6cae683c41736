"""The functions and networks that make.py hands to PyTorch: small ones, each for one thing."""

import inspect
import textwrap

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Captured(nn.Module):
    flag: bool

    def __init__(self):
        super().__init__()
        self.flag = True


class Straight(Captured):
    def forward(self, x: Tensor):
        return torch.relu(x) + 1


class Branch(Captured):
    def forward(self, x: Tensor):
        if x.sum() > 0:
            return x + 1
        return x - 1


class Rows(Captured):
    def forward(self, x: Tensor):
        y = torch.zeros_like(x[0])
        for i in range(x.shape[0]):
            y = y + x[i]
        return y


class Halve(Captured):
    def forward(self, x: Tensor):
        while x.sum() > 1:
            x = x / 2
        return x


class Flag(Captured):
    def forward(self, x: Tensor):
        if self.flag:
            return x * 2
        return x * 3


class Drop(Captured):
    def forward(self, x: Tensor):
        return torch.dropout(x, 0.5, self.training)


class View(Captured):
    def forward(self, x: Tensor):
        return x.view(x.shape[0], -1)


class Item(Captured):
    def forward(self, x: Tensor):
        return x * x.max().item()


class Length(Captured):
    def forward(self, x: Tensor):
        return x * len(x)


class Where(Captured):
    def forward(self, x: Tensor):
        return torch.where(x.sum() > 0, x + 1, x - 1)


def body(cls):
    """The lines of forward, without its head."""
    return textwrap.dedent("".join(inspect.getsourcelines(cls.forward)[0][1:])).strip()


CAPTURED = [(cls, body(cls)) for cls in (Straight, Branch, Rows, Halve, Flag, Drop, View, Item, Length, Where)]


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 4), nn.GELU())

    def forward(self, x):
        return F.softmax(self.layers(x), dim=-1)


class Unit(nn.Module):
    def __init__(self, c, o, k=3, groups=1, bias=False, affine=True, eps=1e-5, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(c, o, k, stride, k // 2, groups=groups, bias=bias)
        self.bn = nn.BatchNorm2d(o, eps=eps, affine=affine)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class Convnet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.deep = Unit(3, 8, stride=2), Unit(8, 8, groups=8)
        self.wide, self.pool = Unit(8, 8, k=1, bias=True, eps=1e-3), nn.MaxPool2d(2, padding=1)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        y = self.stem(x)
        y = y + self.wide(self.deep(y))
        y = F.adaptive_avg_pool2d(self.pool(y), 1)
        return self.head(torch.flatten(y, 1))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.tensor([0.5]))

    def forward(self, x):
        b, t = x.size(0), x.shape[1]
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = torch.matmul(q, k.transpose(1, 2)) * self.scale
        mixed = torch.bmm(torch.softmax(scores, -1), v)
        return self.out(mixed.reshape(b, t, -1)) + x, scores.mean(dim=(1, 2))


class Words(nn.Module):
    """Keyword arguments, slices, lists and methods."""

    def forward(self, x, y):
        z = torch.add(x, y, alpha=0.5)
        z = torch.cat([z[:, 1:], z[:, :1]], dim=1)
        z = z.sub(y).clamp(min=-1.0, max=1.0).permute(1, 0).contiguous()
        return z.sum(dim=0, keepdim=True), z.unsqueeze(0).expand(2, -1, -1), torch.stack([z, z.tanh()], dim=-1)


class Writes(nn.Module):
    def forward(self, x, y):
        z = x * 2
        z.add_(y)
        z += 1
        return torch.sigmoid(z)


def settled(module):
    """Norms that have seen something, some channels with little variance."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.0005, 2.0)
            part.running_var[0] = 0.0004
            if part.affine:
                nn.init.uniform_(part.weight, 0.5, 2.0)
                nn.init.normal_(part.bias)
    return module


def runs():
    torch.manual_seed(3)
    return [(Mlp(), [(5, 6)]), (Convnet(), [(2, 3, 9, 8)]), (Attention(), [(2, 5, 8)]), (Words(), [(3, 4), (3, 4)]),
            (Writes(), [(3, 4), (3, 4)])]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Unit(4, 4), Unit(4, 4, bias=True, eps=1e-3)

    def forward(self, x):
        return self.second(self.first(x)) + x


def folds():
    torch.manual_seed(4)
    return [(Unit(3, 3, bias=True), [(2, 3, 5, 5)]), (Unit(2, 5), [(2, 2, 5, 5)]), (Unit(4, 6, groups=2, eps=1e-3), [(1, 4, 5, 5)]),
            (Unit(4, 4, groups=4, bias=True), [(1, 4, 5, 5)]), (Unit(3, 4, affine=False), [(1, 3, 5, 5)]), (Block(), [(2, 4, 5, 5)])]


class Scripted(nn.Module):
    def forward(self, x: Tensor, y: Tensor):
        z = torch.relu(x - y) * 2
        rows = z.sum(dim=1, keepdim=True)
        return torch.cat([z / (rows + 1), x.view(x.size(0), -1)], dim=1)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x: Tensor):
        return torch.tanh(self.inner(x)).mean(dim=1)


SCRIPTED = [(Scripted, [(3, 4), (3, 4)]), (Layer, [(2, 4)])]


def repeated(x, y):
    a, b = torch.tanh(x + y), torch.tanh(x + y)
    torch.exp(a)
    return a * b + torch.sum(x, dim=0) + torch.sum(x, dim=0)


def apart(x):
    return torch.sum(x, dim=0) - torch.sum(x, dim=1) + x.t().t()


def deep(x, y):
    left = torch.relu((x * y).t() + 1)
    right = torch.relu((x * y).t() + 1)
    unused = left @ right
    torch.sigmoid(unused)
    return left - right, x * y


MERGED = [(repeated, [(3, 3), (3, 3)]), (apart, [(3, 3)]), (deep, [(3, 3), (3, 3)])]
