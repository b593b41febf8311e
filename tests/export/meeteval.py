"""Errors and words of each export of the session in argv[1], held against its SegLST, by MeetEval; and how long each speaks by RTTM."""
import collections
import json
import logging
import sys

import meeteval

logging.disable(logging.WARNING)  # It warns of CTM, which has no speakers.
load = lambda name: meeteval.io.load(f"{sys.argv[1]}/{name}").to_seglst()
reference = load("transcript.seglst.json")
ctm = meeteval.io.CTM.load(f"{sys.argv[1]}/transcript.ctm").to_seglst()
# A channel is a speaker.
ctm = ctm.map(lambda segment: {**segment, "speaker": str(segment["channel"])})


def errors(score, hypothesis, **options):
    rate, = score(reference, hypothesis, **options).values()
    return [rate.errors, rate.length]


timed = lambda hypothesis: errors(meeteval.wer.tcpwer, hypothesis, collar=0)
spoken = collections.Counter()
for segment in load("transcript.rttm"):
    spoken[segment["speaker"]] += segment["end_time"] - segment["start_time"]
print(json.dumps({
    "json": timed(reference),
    "stm": timed(load("transcript.stm")),
    "ctm": errors(meeteval.wer.cpwer, ctm),
    "changed": errors(meeteval.wer.cpwer, load("changed.json")),
    "rttm": {speaker: round(float(seconds), 3) for speaker, seconds in spoken.items()},
}))
