namespace AgiJobs.Tasks.Families;

/// <summary>
/// Reach a number from given numbers with + - * / and parentheses, each number at most once, in exact integers. Difficulty: more and larger numbers, all of which the teacher used.
/// </summary>
internal sealed class ArithmeticTarget : TaskFamily<ArithmeticTarget.Puzzle>
{
    private const int MaxNumbers = 10;
    private const int MaxNumber = 1_000_000;
    private const int MaxExpression = 256;
    private const int MaxParentheses = 16;

    public override string Name => "arithmetic-target";

    protected override (string Body, string Witness) Make(int difficulty, Xoshiro random)
    {
        var numbers = new long[3 + (difficulty * 4 + random.Below(1000)) / 1000];
        var largest = 12 + difficulty / 10;
        string witness;
        long target;
        do
        {
            for (var i = 0; i < numbers.Length; i++)
                numbers[i] = random.Between(1, largest);
            (target, witness) = Combine(numbers, random);
        }
        while (numbers.Contains(target));
        return ($"{{\"numbers\":[{string.Join(',', numbers)}],\"target\":{target}}}", witness);
    }

    protected override Puzzle? ReadBody(ref CanonicalReader reader)
    {
        reader.Literal("{\"numbers\":[");
        var numbers = new List<long>();
        do
            numbers.Add(reader.Integer(1, MaxNumber, "number"));
        while (reader.More(numbers.Count, MaxNumbers, "numbers"));
        reader.Literal("],\"target\":");
        var target = reader.Integer(-TaskStatement.MaxInteger, TaskStatement.MaxInteger, "target");
        reader.Literal("}");
        return new Puzzle([.. numbers], target);
    }

    protected override Judgement Check(Puzzle body, string answer)
    {
        if (answer.Length > MaxExpression)
            return Malformed($"The expression has {answer.Length} characters, {MaxExpression} are the most.");
        var expression = new Expression(body, answer);
        var value = expression.Evaluate();
        if (expression.Fault is { } fault)
            return Malformed(fault);
        if (expression.Error is { } error)
            return Wrong(error);
        return value == body.Target ? Right : Wrong($"The expression is {value}, not {body.Target}.");
    }

    protected override string Style(Puzzle body, string answer)
    {
        var expression = new Expression(body, answer);
        expression.Evaluate();
        return expression.Divides ? "division" : expression.IsBalanced ? "balanced" : expression.Multiplies ? "chain" : "additive";
    }

    // Takes two of what is left, puts one in their place, in depth first; a step is one combination.
    protected override string? Search(Puzzle body, long steps, Xoshiro random)
    {
        var nodes = body.Numbers.Select(number => new Node(number, '\0', null, null)).ToArray();
        random.Shuffle(nodes.AsSpan());
        var operators = "+-*/".ToCharArray();
        random.Shuffle(operators.AsSpan());
        return (Array.Find(nodes, node => node.Value == body.Target) ?? Search(nodes, body.Target, operators, ref steps))?.Text();
    }

    private static Node? Search(Node[] nodes, long target, char[] operators, ref long steps)
    {
        for (var i = 0; i < nodes.Length; i++)
        {
            for (var j = 0; j < nodes.Length; j++)
            {
                foreach (var operation in operators)
                {
                    if (i == j || (i > j && operation is '+' or '*'))
                        continue;
                    if (steps-- <= 0)
                        return null;
                    if (Apply(operation, nodes[i].Value, nodes[j].Value) is not ({ } value, _) || value == 0)
                        continue;
                    var node = new Node(value, operation, nodes[i], nodes[j]);
                    if (value == target)
                        return node;
                    if (nodes.Length > 2 && Search(Without(nodes, i, j, node), target, operators, ref steps) is { } found)
                        return found;
                    if (steps <= 0)
                        return null;
                }
            }
        }

        return null;
    }

    private static Node[] Without(Node[] nodes, int i, int j, Node added)
    {
        var rest = new Node[nodes.Length - 1];
        rest[0] = added;
        for (int from = 0, to = 1; from < nodes.Length; from++)
        {
            if (from != i && from != j)
                rest[to++] = nodes[from];
        }

        return rest;
    }

    private static (long Target, string Witness) Combine(long[] numbers, Xoshiro random)
    {
        var nodes = numbers.Select(number => new Node(number, '\0', null, null)).ToArray();
        while (nodes.Length > 1)
        {
            var i = random.Below(nodes.Length);
            var j = (i + 1 + random.Below(nodes.Length - 1)) % nodes.Length;
            var operation = "+-**/"[random.Below(5)];
            var (left, right) = nodes[i].Value >= nodes[j].Value ? (nodes[i], nodes[j]) : (nodes[j], nodes[i]);
            // What would waste a number or leave the small integers is done as an addition.
            if (Apply(operation, left.Value, right.Value) is not ({ } value, _) || value is < 1 or > 10_000_000 || value == left.Value || value == right.Value)
                (operation, value) = ('+', left.Value + right.Value);
            nodes = Without(nodes, i, j, new Node(value, operation, left, right));
        }

        return (nodes[0].Value, nodes[0].Text());
    }

    private static (long? Value, string? Error) Apply(char operation, long left, long right)
    {
        if (operation == '/')
        {
            return right == 0 ? (null, "Something is divided by zero.")
                : left % right != 0 ? (null, $"{left} / {right} is not an integer.")
                : (left / right, null);
        }

        var value = operation switch { '+' => left + (Int128)right, '-' => left - (Int128)right, _ => left * (Int128)right };
        return value < -TaskStatement.MaxInteger || value > TaskStatement.MaxInteger ? (null, $"{left} {operation} {right} is beyond {TaskStatement.MaxInteger}.") : ((long)value, null);
    }

    internal sealed record Puzzle(long[] Numbers, long Target);

    private sealed record Node(long Value, char Operation, Node? Left, Node? Right)
    {
        public string Text(bool parenthesised = false)
        {
            if (Left is null || Right is null)
                return Value.ToString();
            var tight = Operation is '*' or '/';
            var left = Left.Text(tight && Left.Operation is '+' or '-');
            var right = Right.Text(Right.Left is not null && (Operation is '/' or '-' || (tight && Right.Operation is '+' or '-')));
            return parenthesised ? $"({left}{Operation}{right})" : $"{left}{Operation}{right}";
        }
    }

    /// <summary>
    /// <c>sum = product (("+" / "-") product)*</c>, <c>product = factor (("*" / "/") factor)*</c>, <c>factor = number / "(" sum ")"</c>, read from left to right and evaluated while it is read.
    /// </summary>
    private ref struct Expression(Puzzle puzzle, string text)
    {
        private CanonicalReader _reader = new(text);
        private int _used;
        private int _depth;
        private bool _tooDeep;

        public readonly string? Fault => _tooDeep ? $"Parentheses are nested deeper than {MaxParentheses}." : _reader.Fault?.Message;

        public string? Error { get; private set; }

        public bool Divides { get; private set; }

        public bool Multiplies { get; private set; }

        /// <summary>Whether somewhere two results are combined, and not a result and a number.</summary>
        public bool IsBalanced { get; private set; }

        public long Evaluate()
        {
            var (value, _) = Sum();
            _reader.End();
            return value;
        }

        private (long Value, bool IsResult) Sum()
        {
            var left = Product();
            while (_reader.Next is '+' or '-')
            {
                var operation = Operator();
                left = Combine(operation, left, Product());
            }

            return left;
        }

        private (long Value, bool IsResult) Product()
        {
            var left = Factor();
            while (_reader.Next is '*' or '/')
            {
                var operation = Operator();
                left = Combine(operation, left, Factor());
            }

            return left;
        }

        private (long Value, bool IsResult) Factor()
        {
            if (!_reader.Take('('))
                return (Number(), false);
            if (++_depth > MaxParentheses)
            {
                _tooDeep = true;
                return default;
            }

            var value = Sum();
            _depth--;
            _reader.Literal(")");
            return value;
        }

        private long Number()
        {
            var number = _reader.Integer(0, TaskStatement.MaxInteger, "number");
            for (var i = 0; i < puzzle.Numbers.Length; i++)
            {
                if (puzzle.Numbers[i] != number || (_used >> i & 1) == 1)
                    continue;
                _used |= 1 << i;
                return number;
            }

            Error ??= $"{number} is not given, or not given so often.";
            return number;
        }

        private char Operator()
        {
            var operation = _reader.Next;
            _reader.Take(operation);
            return operation;
        }

        private (long Value, bool IsResult) Combine(char operation, (long Value, bool IsResult) left, (long Value, bool IsResult) right)
        {
            Divides |= operation == '/';
            Multiplies |= operation == '*';
            IsBalanced |= left.IsResult && right.IsResult;
            if (Error is not null)
                return (0, true);
            var (value, error) = Apply(operation, left.Value, right.Value);
            Error = error;
            return (value ?? 0, true);
        }
    }
}
