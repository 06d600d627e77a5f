"""The figures of ./run bench routing: known answers for routers that know everything, nothing, and the wrong way round."""
import pathlib
import random
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/routing"))
import routing_metrics as metrics  # noqa: E402
import routing_sets  # noqa: E402


class Auc(unittest.TestCase):
    def test_difference_of_two_scores_on_the_same_items(self):
        labels = [0, 0, 0, 1, 1, 1] * 20
        good = [label + 0.001 * i for i, label in enumerate(labels)]
        poor = [i * 7919 % 13 for i in range(len(labels))]
        difference, error = metrics.auc_difference(good, poor, labels)
        self.assertAlmostEqual(difference, metrics.auc(good, labels) - metrics.auc(poor, labels))
        self.assertGreater(difference, 1.96 * error)
        self.assertEqual(metrics.auc_difference(good, good, labels), (0, 0))
        self.assertIsNone(metrics.auc_difference([1, 2], [1, 2], [1, 1]))

    def test_known_order_reversed_and_constant(self):
        labels = [False, False, True, True]
        self.assertEqual(metrics.auc([1, 2, 3, 4], labels), 1.0)
        self.assertEqual(metrics.auc([4, 3, 2, 1], labels), 0.0)
        self.assertEqual(metrics.auc([7, 7, 7, 7], labels), 0.5)
        self.assertEqual(metrics.auc([1, 3, 2, 4], labels), 0.75)
        self.assertEqual(metrics.auc([1, 2, 2, 3], labels), 0.875)

    def test_needs_both_kinds(self):
        self.assertIsNone(metrics.auc([1, 2], [True, True]))
        self.assertIsNone(metrics.auc([], []))

    def test_equals_the_count_over_all_pairs(self):
        rng = random.Random(3)
        scores = [rng.randrange(6) for _ in range(200)]
        labels = [rng.random() < 0.3 for _ in scores]
        pairs = [(p, n) for p, lp in zip(scores, labels) if lp for n, ln in zip(scores, labels) if not ln]
        expected = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in pairs) / len(pairs)
        self.assertAlmostEqual(metrics.auc(scores, labels), expected)

    def test_error_shrinks_with_more_items(self):
        self.assertGreater(metrics.auc_error(0.6, 20, 20), metrics.auc_error(0.6, 200, 200))


class Apgr(unittest.TestCase):
    weak = [1, 1, 0, 0, 1, 0, 0, 1]
    strong = [1, 1, 1, 1, 0, 1, 0, 1]

    def test_an_oracle_recovers_more_than_the_gap(self):
        gains = [s - w for w, s in zip(self.weak, self.strong)]
        self.assertGreater(metrics.apgr(gains, self.weak, self.strong), 1.0)
        self.assertGreater(max(metrics.gap_recovered(metrics.quality_curve(gains, self.weak, self.strong))), 1.0)

    def test_equal_scores_are_random_mixing(self):
        self.assertAlmostEqual(metrics.apgr([0] * 8, self.weak, self.strong), 0.5)

    def test_random_scores_give_half(self):
        rng = random.Random(5)
        weak = [float(rng.random() < 0.4) for _ in range(20000)]
        strong = [float(rng.random() < 0.8) for _ in weak]
        self.assertAlmostEqual(metrics.apgr([rng.random() for _ in weak], weak, strong), 0.5, delta=0.02)

    def test_the_wrong_way_round_is_worse_than_random(self):
        losses = [w - s for w, s in zip(self.weak, self.strong)]
        self.assertLess(metrics.apgr(losses, self.weak, self.strong), 0.5)

    def test_ends_of_the_curve_are_the_two_models(self):
        curve = metrics.quality_curve(list(range(8)), self.weak, self.strong)
        self.assertEqual((curve[0], curve[-1], len(curve)), (0.5, 0.75, 9))

    def test_no_gap_no_figure(self):
        self.assertIsNone(metrics.apgr([1, 2], [1, 0], [0, 1]))
        self.assertIsNone(metrics.share_for_gap([1, 2], [1, 0], [0, 1], 0.5))

    def test_share_for_a_gap(self):
        gains = [s - w for w, s in zip(self.weak, self.strong)]
        self.assertEqual(metrics.share_for_gap(gains, self.weak, self.strong, 0.5), 1 / 8)
        self.assertEqual(metrics.share_for_gap([0] * 8, self.weak, self.strong, 0.5), 4 / 8)


class Others(unittest.TestCase):
    def test_confusion_rows_are_expected(self):
        self.assertEqual(metrics.confusion(["a", "a", "b"], ["a", "b", "b"], ["a", "b"]), [[1, 1], [0, 1]])


class Sets(unittest.TestCase):
    def test_held_out_rows_are_left_out(self):
        import json
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "items.jsonl"
            path.write_text("\n".join(json.dumps({"id": i, "split": split}) for i, split in enumerate(["dev", "heldout", "dev"])))
            self.assertEqual([row["id"] for row in routing_sets.dev_rows(path)], [0, 2])

    def test_our_prompts_are_there_without_any_other_data(self):
        self.assertGreater(len(routing_sets.own_prompts("test")), 150)


if __name__ == "__main__":
    unittest.main()
