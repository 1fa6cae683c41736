"""Nets that no package has, put together from torch.nn layers after the papers' tables; make.py counts them."""

import torch
from torch import nn


def conv_bn(cin, cout, k, stride=1, groups=1, act=True):
    layers = [nn.Conv2d(cin, cout, k, stride, (k - 1) // 2, groups=groups, bias=False), nn.BatchNorm2d(cout)]
    return nn.Sequential(*layers, *([nn.ReLU()] if act else []))


def head(c):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


def mobilenet_v1(width=1.0, dense=False):
    """arXiv 1704.04861, table 1; `dense` has one 3x3 convolution in place of each depthwise and pointwise pair."""
    table = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    c = int(32 * width)
    layers = [conv_bn(3, c, 3, 2)]
    for cout, stride in table:
        cout = int(cout * width)
        layers += [conv_bn(c, cout, 3, stride)] if dense else [conv_bn(c, c, 3, stride, c), conv_bn(c, cout, 1)]
        c = cout
    return nn.Sequential(*layers, head(c))


class ShuffleUnit(nn.Module):
    """arXiv 1707.01083, figure 2: (b) at stride 1, (c) at stride 2."""

    def __init__(self, cin, cout, stride, groups, first):
        super().__init__()
        own, mid = (cout - cin if stride == 2 else cout), cout // 4
        self.groups, self.stride = groups, stride
        self.squeeze = conv_bn(cin, mid, 1, groups=1 if first else groups)
        self.depthwise = conv_bn(mid, mid, 3, stride, mid, act=False)
        self.expand = conv_bn(mid, own, 1, groups=groups, act=False)
        self.pool = nn.AvgPool2d(3, 2, 1)

    def forward(self, x):
        y = nn.functional.channel_shuffle(self.squeeze(x), self.groups)
        y = self.expand(self.depthwise(y))
        return torch.relu(x + y if self.stride == 1 else torch.cat([self.pool(x), y], 1))


def shufflenet_v1(groups, stem, channels):
    """arXiv 1707.01083, table 1: stages of 4, 8 and 4 units; the very first 1x1 is dense."""
    layers, c = [conv_bn(3, stem, 3, 2), nn.MaxPool2d(3, 2, 1)], stem
    for stage, (cout, units) in enumerate(zip(channels, (4, 8, 4))):
        for unit in range(units):
            layers.append(ShuffleUnit(c, cout, 2 if unit == 0 else 1, groups, first=stage == unit == 0))
            c = cout
    return nn.Sequential(*layers, head(c))


def resnet50_v1():
    """torchvision's ResNet-50 with the stride moved from the 3x3 to the first 1x1, as in arXiv 1512.03385."""
    from torchvision.models import resnet50
    net = resnet50()
    for stage in (net.layer2, net.layer3, net.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = stage[0].conv2.stride, stage[0].conv1.stride
    return net


def alexnet_bvlc():
    """Caffe's bvlc_alexnet: two groups in layers 2, 4 and 5; images of 227."""
    conv = lambda cin, cout, k, **more: [nn.Conv2d(cin, cout, k, **more), nn.ReLU()]
    pool = nn.MaxPool2d(3, 2)
    layers = [*conv(3, 96, 11, stride=4), pool, *conv(96, 256, 5, padding=2, groups=2), pool]
    layers += [*conv(256, 384, 3, padding=1), *conv(384, 384, 3, padding=1, groups=2)]
    layers += [*conv(384, 256, 3, padding=1, groups=2), pool, nn.Flatten()]
    layers += [nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    return nn.Sequential(*layers)


def own():
    """Architecture -> how to make it, and the side of its images."""
    nets = {"mobilenet_v1_dense": (lambda: mobilenet_v1(dense=True), 224), "alexnet_bvlc": (alexnet_bvlc, 227),
            "resnet50_v1": (resnet50_v1, 224)}
    for width in (0.75, 0.5, 0.25):
        nets[f"mobilenet_v1_{width}"] = (lambda width=width: mobilenet_v1(width), 224)
    for name, groups, stem, channels in [
        ("g1", 1, 24, (144, 288, 576)), ("g2", 2, 24, (200, 400, 800)), ("g3", 3, 24, (240, 480, 960)),
        ("g4", 4, 24, (272, 544, 1088)), ("g8", 8, 24, (384, 768, 1536)), ("g3_0.5", 3, 12, (120, 240, 480)),
        ("g3_1.5", 3, 24, (360, 720, 1440)), ("g3_2.0", 3, 48, (480, 960, 1920)), ("g8_0.5", 8, 16, (192, 384, 768)),
        ("g8_1.5", 8, 24, (576, 1152, 2304)), ("g8_2.0", 8, 48, (768, 1536, 3072)),
    ]:
        nets[f"shufflenet_v1_{name}"] = (lambda g=groups, s=stem, c=channels: shufflenet_v1(g, s, c), 224)
    return nets
