"""What other people's programs read in the exports of the session in argv[1], as JSON: ELAN's by pympi, Praat's by Praat,
time lines by OpenTimelineIO, Whisper's by pysubs2, front matter by PyYAML; podcast files are held against the rules of
their specification."""
import json
import sys

import jsonschema
import opentimelineio
import parselmouth
import pympi
import pysubs2
import yaml
from parselmouth.praat import call

folder = sys.argv[1]
# The rates that the time lines were written with.
rates = {"markers.edl": 25, "drop.edl": 30000 / 1001}

# docs/examples/chapters/jsonChapters.md and docs/examples/transcripts/transcripts.md of the podcast namespace, as rules.
seconds = {"type": "number", "minimum": 0}
text = {"type": "string", "minLength": 1}
CHAPTERS = {
    "type": "object",
    "required": ["version", "chapters"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "1.2.0"},
        **{key: text for key in ("author", "title", "podcastName", "description", "fileName")},
        "waypoints": {"type": "boolean"},
        "chapters": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["startTime"],
                "additionalProperties": False,
                "properties": {
                    "startTime": seconds,
                    "endTime": seconds,
                    **{key: text for key in ("title", "img", "url")},
                    "toc": {"type": "boolean"},
                    "location": {"type": "object"},
                },
            },
        },
    },
}
TRANSCRIPT = {
    "type": "object",
    "required": ["version", "segments"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "1.0.0"},
        "segments": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["startTime", "body"],
                "additionalProperties": False,
                "properties": {"speaker": text, "startTime": seconds, "endTime": seconds, "body": text},
            },
        },
    },
}


def read(name):
    with open(f"{folder}/{name}", encoding="utf-8") as file:
        return file.read()


def valid(name, schema):
    document = json.loads(read(name))
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def eaf():
    document = pympi.Elan.Eaf(f"{folder}/transcript.eaf")
    tiers = {name: [list(span[:3]) for span in sorted(document.get_annotation_data_for_tier(name))]
             for name in document.get_tier_names()}
    parents = {name: document.get_parameters_for_tier(name).get("PARENT_REF") for name in tiers}
    return {"tiers": tiers, "parents": parents,
            "files": [media["RELATIVE_MEDIA_URL"] for media in document.get_linked_files()],
            "properties": dict(document.properties)}


def textgrid():
    grid = parselmouth.read(f"{folder}/transcript.TextGrid")
    tiers = {}
    for tier in range(1, call(grid, "Get number of tiers") + 1):
        name = call(grid, "Get tier name", tier)
        assert name not in tiers, name
        if call(grid, "Is interval tier", tier):
            count = call(grid, "Get number of intervals", tier)
            told = [[call(grid, "Get start time of interval", tier, n), call(grid, "Get end time of interval", tier, n),
                     call(grid, "Get label of interval", tier, n)] for n in range(1, count + 1)]
        else:
            count = call(grid, "Get number of points", tier)
            told = [[call(grid, "Get time of point", tier, n), call(grid, "Get label of point", tier, n)]
                    for n in range(1, count + 1)]
        tiers[name] = told
    return {"tiers": tiers, "end": call(grid, "Get end time")}


def edl(name):
    line = opentimelineio.adapters.read_from_file(f"{folder}/{name}", "cmx_3600", rate=rates[name])
    return [[opentimelineio.opentime.to_timecode(clip.source_range.start_time), *clip.metadata["cmx_3600"]["comments"]]
            for clip in line.find_clips()]


def sequence():
    line = opentimelineio.adapters.read_from_file(f"{folder}/markers.xml", "fcp_xml")
    markers = [[marker.marked_range.start_time.to_frames(), marker.marked_range.duration.to_frames(), marker.name,
                marker.metadata["fcp_xml"]["comment"]] for marker in line.tracks.markers]
    return {"name": line.name, "start": line.global_start_time.to_timecode(), "markers": markers}


def whisper(name):
    subtitles = pysubs2.load_from_whisper(json.loads(read(name)))
    return [[event.start, event.end, event.plaintext] for event in subtitles]


front = read("minutes.md").split("---\n")
print(json.dumps({
    "eaf": eaf(),
    "textgrid": textgrid(),
    "edl": edl("markers.edl"),
    "drop": edl("drop.edl"),
    "sequence": sequence(),
    "whisper": whisper("transcript.whisper.json"),
    "whisperx": whisper("transcript.whisperx.json"),
    "podcast": valid("transcript.podcast.json", TRANSCRIPT),
    "words": valid("words.podcast.json", TRANSCRIPT),
    "chapters": valid("chapters.json", CHAPTERS),
    "front": yaml.safe_load(front[1]),
}, default=str))
