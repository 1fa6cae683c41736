"""What the warp that runs now is about: its lanes, the instructions so far. An operator such as `a + b` has no warp in
its hands, so that this lies in one place, `now`.

A mask has bit i for lane i. A mask of 0 is a branch that no lane takes: its body runs, since Python cannot skip the
body of a `with`, but it issues nothing, touches no memory and finds no fault.
"""

import sys

W = 32
ALL = 0xFFFF_FFFF
FAR = 1 << 62
PACKAGE = __name__.rsplit(".", 1)[0]


class Now:
    """The running warp.

    mask         lanes that are on; `active` is how many
    left         instructions until the next look; each instruction takes one (`look` is called below 0)
    mark         `left` when the counts were last brought up to date
    warp_inst, thread_inst  counts up to `mark`, by warp and by lane
    machine      the launch, or None
    warp         the warp's number in its block
    inside       the places of the branches and loops that it is in, the innermost last
    loops        the places of its `while_` loops
    """

    __slots__ = ("mask", "active", "left", "mark", "warp_inst", "thread_inst", "machine", "warp", "inside", "loops")

    def __init__(self):
        self.mask, self.active = ALL, W
        self.left = self.mark = FAR
        self.warp_inst = self.thread_inst = self.warp = 0
        self.machine, self.inside, self.loops = None, [], []

    def issue(self):
        """Issues one instruction and returns the lanes that are on. Operators have these two lines inside."""
        self.left -= 1
        if self.left < 0:
            self.look()
        return self.mask

    def look(self):
        """The rare look: a trace is wanted, or the budget is spent."""
        if self.machine is not None:
            self.machine.look()

    def count(self):
        """Instructions of the launch so far."""
        return self.warp_inst + self.mark - self.left

    def settle(self):
        """Brings the counts up to date. Where no lane was on, nothing was issued."""
        if self.mask:
            issued = self.mark - self.left
            self.warp_inst += issued
            self.thread_inst += issued * self.active
            self.mark = self.left
        else:
            self.left = self.mark

    def set_mask(self, mask):
        """Switches lanes on and off."""
        self.settle()
        self.mask = mask
        self.active = mask.bit_count()

    def run_warp(self, warp, mask):
        """Puts `warp` on, with these lanes."""
        self.set_mask(mask)
        self.warp, self.inside, self.loops = warp, [], []

    def save(self):
        """Everything, for `restore`: a kernel may launch a kernel."""
        return [getattr(self, name) for name in self.__slots__]

    def restore(self, saved):
        for name, value in zip(self.__slots__, saved):
            setattr(self, name, value)


now = Now()


def kernel_frame():
    """The innermost frame that is not of this package: the kernel's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(PACKAGE):
        frame = frame.f_back
    return frame
