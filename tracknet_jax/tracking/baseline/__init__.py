"""The baseline that needs no network: background subtraction, blobs and Kalman filters."""
