"""How well scores tell which items need the larger model. Pure functions; scores: higher is harder; ties are shared fairly."""
import bisect
import math
from itertools import groupby


def auc(scores, labels):
    """Probability that a positive has a higher score than a negative (ties count half); None without both kinds."""
    positives = sum(1 for label in labels if label)
    negatives = len(labels) - positives
    if positives == 0 or negatives == 0:
        return None
    wins, seen_negatives = 0.0, 0
    for _, group in groupby(sorted(zip(scores, labels), key=lambda p: p[0]), key=lambda p: p[0]):
        group_labels = [bool(label) for _, label in group]
        here = sum(group_labels)
        wins += here * (seen_negatives + (len(group_labels) - here) / 2)
        seen_negatives += len(group_labels) - here
    return wins / (positives * negatives)


def auc_error(value, positives, negatives):
    """Standard error after Hanley and McNeil (1982)."""
    q1, q2 = value / (2 - value), 2 * value * value / (1 + value)
    variance = (value * (1 - value) + (positives - 1) * (q1 - value ** 2) + (negatives - 1) * (q2 - value ** 2)) / (positives * negatives)
    return math.sqrt(max(variance, 0.0))


def _placements(of, among):
    """Per score the share of `among` below it, ties counted half."""
    among = sorted(among)
    return [(bisect.bisect_left(among, score) + bisect.bisect_right(among, score)) / 2 / len(among) for score in of]


def auc_difference(scores, others, labels):
    """(AUC of scores - AUC of others, its standard error) on the same items, after DeLong et al. (1988); None without both kinds."""
    sides = []
    for values in (scores, others):
        positives = [value for value, label in zip(values, labels) if label]
        negatives = [value for value, label in zip(values, labels) if not label]
        if len(positives) < 2 or len(negatives) < 2:
            return None
        sides.append((_placements(positives, negatives), [1 - share for share in _placements(negatives, positives)]))
    difference, variance = 0.0, 0.0
    for kind in (0, 1):
        gaps = [a - b for a, b in zip(sides[0][kind], sides[1][kind])]
        difference = sum(gaps) / len(gaps)
        variance += sum((gap - difference) ** 2 for gap in gaps) / (len(gaps) - 1) / len(gaps)
    return difference, math.sqrt(variance)


def quality_curve(scores, weak, strong):
    """Mean quality when the k hardest items go to the strong model, for k = 0..n. Within equal scores the mean gain."""
    order = sorted(zip(scores, weak, strong), key=lambda item: -item[0])
    total = sum(weak)
    curve = [total / len(order)]
    for _, group in groupby(order, key=lambda item: item[0]):
        items = list(group)
        gain = sum(s - w for _, w, s in items) / len(items)
        for _ in items:
            total += gain
            curve.append(total / len(order))
    return curve


def gap_recovered(curve):
    """RouteLLM's PGR per point of a quality curve; None where both models are equal."""
    weak, strong = curve[0], curve[-1]
    if strong == weak:
        return None
    return [(quality - weak) / (strong - weak) for quality in curve]


def apgr(scores, weak, strong):
    """RouteLLM's average performance gap recovered: PGR integrated over the share of strong calls. Random routing: 0.5."""
    recovered = gap_recovered(quality_curve(scores, weak, strong))
    if recovered is None:
        return None
    return sum((a + b) / 2 for a, b in zip(recovered, recovered[1:])) / (len(recovered) - 1)


def share_for_gap(scores, weak, strong, wanted):
    """RouteLLM's CPT: the least share of strong calls that recovers `wanted` of the gap."""
    recovered = gap_recovered(quality_curve(scores, weak, strong))
    if recovered is None:
        return None
    return next(k for k, value in enumerate(recovered) if value >= wanted - 1e-12) / (len(recovered) - 1)


def confusion(expected, got, names):
    """names x names counts, rows are expected."""
    return [[sum(1 for e, g in zip(expected, got) if e == row and g == column) for column in names] for row in names]


def brier(confidences, outcomes):
    return sum((c - (1.0 if o else 0.0)) ** 2 for c, o in zip(confidences, outcomes)) / len(outcomes)
