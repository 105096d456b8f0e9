"""SparseFeatureCross: what the golden cases do not show."""

from compat_saver.passes.replacements.sparse_feature_cross import SparseFeatureCross
from tests.passes.graphs import apply


def test_text_crosses_are_renamed():
    _, rewrites = apply(
        SparseFeatureCross(),
        """
        x = Placeholder[dtype=string, shape=[?, 1]]
        cross = SparseFeatureCross[N=0, dense_types={string}, hashed_output=false, out_type=string, sparse_types={}](x)
        """,
    )
    assert [item.count for item in rewrites] == [1]
