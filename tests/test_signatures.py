"""Generated signatures: what is drawn, and that only the training pairs tell which traits matter."""

from __future__ import annotations

import torch
from torch import Tensor

from autograder.checks import auc
from autograder.signatures import Pairs, draw_habits, draw_pairs
from autograder.standins import PairDataset


def drawn(seed: int, writers: int = 40, habits: Tensor | None = None) -> Pairs:
    generator = torch.Generator().manual_seed(seed)
    return draw_pairs(draw_habits(generator) if habits is None else habits, writers, 20, generator)


def metric(pairs: Pairs) -> Tensor:
    """(96, 6): where forged pairs differ most, measured by how genuine ones do (Fisher's discriminant)."""
    gaps = features(pairs.a) - features(pairs.b)
    near, far = (gaps[pairs.same == s].T @ gaps[pairs.same == s] / len(gaps) for s in (1, 0))
    values, directions = torch.linalg.eigh(near + 1e-3 * torch.eye(len(near), dtype=torch.float64))
    white = directions / values.sqrt()
    return white @ torch.linalg.eigh(white.T @ far @ white)[1][:, -6:]


def features(x: Tensor) -> Tensor:
    return (
        torch.nn.functional.avg_pool1d(x - x.mean(2, keepdim=True) * torch.tensor([[1], [1], [0]]), 4)
        .flatten(1)
        .double()
    )


def area(pairs: Pairs, projection: Tensor) -> float:
    return auc(((features(pairs.a) - features(pairs.b)) @ projection).norm(dim=1), pairs.same)


def test_pairs_have_the_shapes_that_are_told_and_depend_on_the_seed_alone():
    one, same, other = drawn(1), drawn(1), drawn(2)
    assert one.a.shape == one.b.shape == (800, 3, 128) and one.a.dtype == one.b.dtype == torch.float32
    assert one.same.dtype == torch.int64 and one.same.bincount().tolist() == [400, 400] and len(one) == 800
    assert torch.equal(one.a, same.a) and torch.equal(one.b, same.b) and torch.equal(one.same, same.same)
    assert not torch.equal(one.a, other.a)


def test_habits_are_two_traits_of_each_kind_and_all_come_up():
    generator = torch.Generator().manual_seed(0)
    many = torch.stack([draw_habits(generator) for _ in range(300)])
    assert bool((many[:, :4].sum(1) == 2).all() and (many[:, 4:].sum(1) == 2).all())
    assert bool(many.any(0).all())


def test_forged_pairs_come_first_and_stay_whole():
    pairs = drawn(3)
    ordered = pairs.forged_first()
    assert ordered.same.tolist() == [0] * 400 + [1] * 400
    before = {
        (float(a[0, 0]), float(b[0, 0]), int(s)) for a, b, s in zip(pairs.a, pairs.b, pairs.same, strict=True)
    }
    after = {
        (float(a[0, 0]), float(b[0, 0]), int(s))
        for a, b, s in zip(ordered.a, ordered.b, ordered.same, strict=True)
    }
    assert before == after


def test_a_distance_between_raw_series_tells_little():
    raw = [auc((p.a - p.b).flatten(1).norm(dim=1), p.same) for p in map(drawn, range(12))]
    assert max(raw) < 0.7


def test_what_is_learnt_from_the_pairs_holds_for_other_writers():
    for seed in range(4):
        habits = draw_habits(torch.Generator().manual_seed(seed))
        assert area(drawn(seed + 50, habits=habits), metric(drawn(seed, 80, habits))) > 0.9


def test_what_is_learnt_from_a_mixture_of_all_habits_does_not():
    """A network trained elsewhere does not know which traits are stable here."""
    parts = [drawn(seed, 20) for seed in range(100, 116)]
    mixture = Pairs(*(torch.cat([getattr(part, name) for part in parts]) for name in ("a", "b", "same")))
    known = metric(mixture)
    areas = [area(drawn(seed), known) for seed in range(10)]
    assert max(areas) < 0.85 and sum(areas) / 10 < 0.75


def test_a_training_set_of_pairs_is_read_in_batches():
    pairs = drawn(4, 2)
    (a, b), same = PairDataset(pairs.a, pairs.b, pairs.same)[3]
    assert (
        torch.equal(a, pairs.a[3])
        and torch.equal(b, pairs.b[3])
        and same == int(pairs.same[3])
        and type(same) is int
    )
    (a, b), same = next(
        iter(torch.utils.data.DataLoader(PairDataset(pairs.a, pairs.b, pairs.same), batch_size=7))
    )
    assert torch.equal(a, pairs.a[:7]) and torch.equal(b, pairs.b[:7]) and torch.equal(same, pairs.same[:7])
