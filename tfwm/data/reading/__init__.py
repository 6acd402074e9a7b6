"""Pictures from files, folders, archives and arrays, and files of pictures.

| file | holds |
|---|---|
| decode.py | bytes to pixels and back |
| sources.py, readers.py | all pictures of a folder or an archive; size and channels; what could not be used |
| side_by_side.py, folders.py, records.py | pairs of input and target, in folders and in TFRecord files |
| labelled.py | labelled images from npz files and folders of classes |
| samples.py | photographs to try things on |
"""
