"""Train the models from raw data: `python -m training extractor --config training/configs/extractor.yaml`."""
