"""Writes golden.json: what a real framework answers. To be written; until then `roadmap author check` refuses the lab.

Draw inputs from a seed that stands here, call the framework (torch.nn.functional.rms_norm, say), and store inputs, answers
and the versions of what was called. Then let `oracle` in grader.rs replay the file. No answer may be computed by this script.
"""

raise SystemExit("this script is to be written: its first lines say how")
