"""Detectors: outputs to boxes, boxes matched with boxes, mean average precision."""
