"""The editors' desk: an HTTP service with pages, where drafts are read, corrected and approved."""
