"""Compiles the .proto files beside it into messages.binpb; run it after changing them (needs grpcio-tools)."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Writes messages.binpb, the serialized FileDescriptorSet that messages.py loads; returns protoc's exit code."""
    from grpc_tools import protoc

    well_known = Path(protoc.__file__).parent / "_proto"
    return int(
        protoc.main(
            [
                "protoc",
                f"--proto_path={HERE}",
                f"--proto_path={well_known}",
                "--include_imports",
                f"--descriptor_set_out={HERE / 'messages.binpb'}",
                "graph.proto",
                "checkpoint.proto",
                "session_bundle.proto",
                "keras.proto",
            ]
        )
    )


if __name__ == "__main__":
    sys.exit(main())
