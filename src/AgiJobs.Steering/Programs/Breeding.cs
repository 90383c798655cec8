using AgiJobs.Hgm.Sampling;
using AgiJobs.Steering.Searches;

namespace AgiJobs.Steering.Programs;

/// <summary>How a program makes a changed copy of itself: by its own editor, which the copy inherits.</summary>
internal static class Breeding
{
    // What a change must be tried again for, because it changed nothing.
    private const int Attempts = 8;

    /// <summary>A child; null when nothing new came of several attempts.</summary>
    /// <param name="parent">Who changes itself.</param>
    /// <param name="mate">Whose expressions it may take; null when there is none.</param>
    /// <param name="seed">For all chance in it.</param>
    public static AgentProgram? Child(AgentProgram parent, AgentProgram? mate, ulong seed)
    {
        var random = Xoshiro256.Of(seed, RandomPurpose.Agent, 0);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var likings = parent.Likings.ToArray();
            var editor = parent.Editor;
            if (mate is not null && random.Below(100) < editor.Mate)
            {
                Recombine(likings, mate, ref random);
            }

            for (var edits = 1 + random.Below(editor.Edits); edits > 0; edits--)
            {
                var family = random.Below(likings.Length);
                var edited = Edit(likings[family], SearchSpace.FeaturesOf(family).Count, editor, ref random);
                likings[family] = edited.IsKept ? edited : likings[family];
            }

            var child = AgentProgram.Of(random.Below(4) == 0 ? Vary(editor, ref random) : editor, likings);
            if (!string.Equals(child.Text, parent.Text, StringComparison.Ordinal))
            {
                return child;
            }
        }

        return null;
    }

    // Whole expressions, or a part of one in the place of a part of the same family's.
    private static void Recombine(Expression[] likings, AgentProgram mate, ref Xoshiro256 random)
    {
        for (var family = 0; family < likings.Length; family++)
        {
            switch (random.Below(4))
            {
                case 0:
                    likings[family] = mate.Likings[family];
                    break;
                case 1:
                    var part = mate.Likings[family].At(random.Below(mate.Likings[family].Nodes));
                    var crossed = likings[family].With(random.Below(likings[family].Nodes), part);
                    likings[family] = crossed.IsKept ? crossed : likings[family];
                    break;
            }
        }
    }

    private static Expression Edit(Expression expression, int features, Editor editor, ref Xoshiro256 random)
    {
        var node = random.Below(expression.Nodes);
        var there = expression.At(node);
        if (random.Below(100) < editor.Fresh)
        {
            return expression.With(node, Grow(features, 2, ref random));
        }

        switch (random.Below(4))
        {
            // Something is added above what is there.
            case 0:
                var operation = random.Below(Expression.OperatorCount - 1);
                var beside = Grow(features, 1, ref random);
                return expression.With(node, random.Below(2) == 0 ? Expression.Of(operation, there, beside) : Expression.Of(operation, beside, there));

            // A part takes the place of the whole.
            case 1 when there.Parts.Length > 0:
                return expression.With(node, there.Parts[random.Below(there.Parts.Length)]);
            default:
                return expression.With(node, Point(there, features, editor, ref random));
        }
    }

    private static Expression Point(Expression there, int features, Editor editor, ref Xoshiro256 random)
    {
        switch (there.Kind)
        {
            case -1:
                var step = 1 + random.Below(editor.Step);
                return Expression.Number(random.Below(2) == 0 ? there.Value + step : there.Value - step);
            case -2:
                return Expression.Feature(random.Below(features));
            default:
                // Another operator with as many operands.
                return there.Parts.Length == 2 ? Expression.Of(random.Below(Expression.OperatorCount - 1), there.Parts) : Expression.Of(there.Kind, there.Parts[0], there.Parts[2], there.Parts[1]);
        }
    }

    private static Expression Grow(int features, int depth, ref Xoshiro256 random)
    {
        if (depth == 0 || random.Below(3) == 0)
        {
            return random.Below(3) == 0 ? Expression.Number(random.Below(21) - 10) : Expression.Feature(random.Below(features));
        }

        var operation = random.Below(Expression.OperatorCount);
        var parts = new Expression[Expression.ArityOf(operation)];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = Grow(features, depth - 1, ref random);
        }

        return Expression.Of(operation, parts);
    }

    private static Editor Vary(Editor editor, ref Xoshiro256 random)
    {
        var by = random.Below(2) == 0 ? 1 : -1;
        return (random.Below(4) switch
        {
            0 => editor with { Edits = editor.Edits + by },
            1 => editor with { Mate = editor.Mate + 10 * by },
            2 => editor with { Fresh = editor.Fresh + 10 * by },
            _ => editor with { Step = by > 0 ? editor.Step * 2 : editor.Step / 2 },
        }).Bounded();
    }
}
