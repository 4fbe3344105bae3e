"""Other trackers' results, read for scoring: CSV files, YOLO's labels, COCO's lists."""
