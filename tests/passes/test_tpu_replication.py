"""What tpu.rewrite wraps around a model of one replica."""

from compat_saver.passes.replacements.renamed_ops import TPUReplication
from tests.passes.graphs import assert_rewrites


def test_one_replica_reads_and_answers_directly():
    assert_rewrites(
        TPUReplication(),
        """
        x = Placeholder
        meta = TPUReplicateMetadata[num_replicas=1, topology="", use_tpu=true]
        input0 = TPUReplicatedInput[N=1, T=float32](x)
        y = Neg[T=float32](input0, ^meta)
        output0 = TPUReplicatedOutput[num_replicas=1, T=float32](y)
        """,
        """
        x = Placeholder
        meta = NoOp
        input0 = Identity[T=float32](x)
        y = Neg[T=float32](input0, ^meta)
        output0 = Identity[T=float32](y)
        """,
    )


def test_several_replicas_stay():
    text = """
    meta = TPUReplicateMetadata[num_replicas=2]
    input0 = TPUReplicatedInput[N=2, T=float32](meta, meta)
    output0 = TPUReplicatedOutput[num_replicas=2, T=float32](input0)
    """
    assert assert_rewrites(TPUReplication(), text, text) == []
