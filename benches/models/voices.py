#!/usr/bin/env python3
"""The two voice networks as they are compiled in: smaller weights in the same graphs.

usage: voices.py SEGMENTATION.onnx CAMPPLUS.onnx OUT_DIR     (needs numpy and onnx)

Segmentation: all weights as f16. CAM++: weights of 16,384 numbers and more as int8 with one scale per output
channel (DequantizeLinear, which the runtime computes once, as it loads), the others as f16. Biases and norms
stay f32. CAM++ must be without the ReLU at its end that some copies of it have: the published network ends
without one, and voices lie twice as near to each other with it.
"""
import sys
import numpy as np
import onnx
from onnx import helper, numpy_helper

INT8_FROM = 16_384
F16_FROM = 256


def f16(tensor, nodes):
    name = tensor.name
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), name + '.h'))
    nodes.append(helper.make_node('Cast', [name + '.h'], [name], to=onnx.TensorProto.FLOAT))


def shorten(graph):
    """Names of values are a tenth of the file."""
    kept = {value.name for value in [*graph.input, *graph.output]} | {''}
    short = {}

    def name(old):
        return old if old in kept else short.setdefault(old, f'{len(short):x}')

    for tensor in graph.initializer:
        tensor.name = name(tensor.name)
    for node in graph.node:
        node.name = node.doc_string = ''
        node.input[:] = [name(value) for value in node.input]
        node.output[:] = [name(value) for value in node.output]


def pack(source, target, int8_from):
    model = onnx.load(source)
    graph, nodes, added = model.graph, [], []
    for tensor in graph.initializer:
        a = numpy_helper.to_array(tensor)
        if a.dtype != np.float32 or a.ndim < 2 or a.size < F16_FROM:
            continue
        if a.size < int8_from:
            f16(tensor, nodes)
            continue
        rows = a.reshape(a.shape[0], -1)
        # The scale that brings the row nearest, not the one that holds its largest weight.
        best = None
        for shrink in np.linspace(0.8, 1.0, 11):
            scale = np.maximum(np.abs(rows).max(1) * shrink / 127, 1e-12).astype(np.float32)
            q = np.clip(np.round(rows / scale[:, None]), -127, 127)
            error = ((q * scale[:, None] - rows) ** 2).sum(1)
            if best is None:
                best = [error, scale, q]
            else:
                better = error < best[0]
                best[0] = np.where(better, error, best[0])
                best[1] = np.where(better, scale, best[1])
                best[2][better] = q[better]
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(best[2].reshape(a.shape).astype(np.int8), name + '.q'))
        added.append(numpy_helper.from_array(best[1].astype(np.float32), name + '.scale'))
        added.append(numpy_helper.from_array(np.zeros(len(rows), np.int8), name + '.zero'))
        parts = [name + '.q', name + '.scale', name + '.zero']
        nodes.append(helper.make_node('DequantizeLinear', parts, [name], axis=0))
    graph.initializer.extend(added)
    own = list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes + own)
    del graph.value_info[:]
    shorten(graph)
    model.producer_name = model.producer_version = model.doc_string = ''
    onnx.save(model, target)


if __name__ == '__main__':
    seg, cam, out = sys.argv[1:4]
    pack(seg, f'{out}/segmentation-3.0.onnx', float('inf'))
    pack(cam, f'{out}/campplus.onnx', INT8_FROM)
