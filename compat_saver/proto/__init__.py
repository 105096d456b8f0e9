"""The protobuf messages of TensorFlow's legacy files, and the small typed objects made from them."""
