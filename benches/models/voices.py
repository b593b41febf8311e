#!/usr/bin/env python3
"""The two voice networks as they are compiled in: smaller weights in the same graphs.

usage: voices.py SEGMENTATION.onnx CAMPPLUS.onnx OUT_DIR     (needs numpy and onnx)

Segmentation: all weights as f16. CAM++: weights of 16,384 numbers and more as int8 with one scale per output
channel (DequantizeLinear, which the runtime computes once, as it loads), the others as f16. Biases and norms
stay f32. Its 52 masks are computed once for each 100 frames, for which they are the same, instead of once for
each frame: 850 operators instead of 3,200, a twentieth of the time, the same numbers. CAM++ must be without the ReLU at its end that some copies of it have: the published network ends
without one, and voices lie twice as near to each other with it.
"""
import gzip
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


def masks_once(graph):
    """Masks are made of a mean over all frames and of means over 100, and spread over the frames last."""
    maker = {value: node for node in graph.node for value in node.output}
    instead = {}
    for node in graph.node:
        if node.op_type != 'Sigmoid':
            continue
        # Sigmoid <- Conv <- Relu <- Conv <- Add <- the two means, the second one spread over the frames.
        add = node
        for _ in range(4):
            add = maker[add.input[0]]
        mean, spread = (maker[value] for value in add.input)
        assert (add.op_type, mean.op_type, spread.op_type) == ('Add', 'ReduceMean', 'Slice')
        frames = mean.input[0]
        (pool,) = (
            each for each in graph.node
            if each.op_type == 'AveragePool' and maker[each.input[0]].input[0] == frames
        )
        pool.input[0], add.input[1] = frames, pool.output[0]
        if not instead:
            numbers = {'mask.axis': 2, 'mask.zero': 0, 'mask.one': 1, 'mask.frames': 100}
            for name, number in numbers.items():
                graph.initializer.append(numpy_helper.from_array(np.array(number, np.int64), name))
            instead[id(pool)] = [
                helper.make_node('Shape', [frames], ['mask.shape']),
                helper.make_node('Gather', ['mask.shape', 'mask.axis'], ['mask.count'], axis=0),
                helper.make_node('Range', ['mask.zero', 'mask.count', 'mask.one'], ['mask.range']),
                helper.make_node('Div', ['mask.range', 'mask.frames'], ['mask.of']),
                pool,
            ]
        mask = node.output[0]
        instead[id(node)] = [node, helper.make_node('Gather', [mask, 'mask.of'], [mask + '.spread'], axis=2)]
        for each in graph.node:
            each.input[:] = [mask + '.spread' if value == mask else value for value in each.input]
    nodes = [each for node in graph.node for each in instead.get(id(node), [node])]
    needed, kept = {value.name for value in graph.output}, []
    for node in reversed(nodes):
        if needed.intersection(node.output):
            kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
            needed.update(node.input)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in needed]:
        graph.initializer.remove(tensor)


def pack(source, target, int8_from):
    model = onnx.load(source)
    if int8_from < float('inf'):
        masks_once(model.graph)
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
    # The same bytes each time.
    with open(f'{target}.gz', 'wb') as packed:
        packed.write(gzip.compress(model.SerializeToString(), 9, mtime=0))


if __name__ == '__main__':
    seg, cam, out = sys.argv[1:4]
    pack(seg, f'{out}/segmentation-3.0.onnx', float('inf'))
    pack(cam, f'{out}/campplus.onnx', INT8_FROM)
