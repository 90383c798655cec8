namespace AgiJobs.Tasks;

/// <summary>
/// Reads the one canonical form of statements and answers, character by character, without allocating. The first fault stays: after it nothing moves and every
/// reading gives a harmless value, so that a reader of a body is a straight line that asks <see cref="Fault"/> at its end.
/// </summary>
internal ref struct CanonicalReader(ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> _text = text;

    public TaskFault? Fault { get; private set; }

    public int Position { get; private set; }

    /// <summary>The next character; NUL, which nobody wants, at the end and after a fault.</summary>
    public readonly char Next => Fault is null && Position < _text.Length ? _text[Position] : '\0';

    /// <summary>Takes exactly these characters.</summary>
    public void Literal(scoped ReadOnlySpan<char> wanted)
    {
        if (Fault is not null)
            return;
        if (_text[Position..].StartsWith(wanted, StringComparison.Ordinal))
            Position += wanted.Length;
        else
            Malformed($"`{wanted}`");
    }

    /// <summary>Takes the character if it is next.</summary>
    public bool Take(char wanted)
    {
        if (Next != wanted || wanted == '\0')
            return false;
        Position++;
        return true;
    }

    /// <summary>Takes the comma before another element of a list that has <paramref name="count"/> already.</summary>
    public bool More(int count, int most, string what)
    {
        if (!Take(','))
            return false;
        if (count < most)
            return true;
        Fail("task-too-large", $"There are more than {most} {what}; leave some out.");
        return false;
    }

    /// <summary>Nothing may follow.</summary>
    public void End()
    {
        if (Fault is null && Position != _text.Length)
            Malformed("the end");
    }

    /// <summary>An integer as JSON writes it: no plus, no leading zero, no minus zero, no fraction, no exponent.</summary>
    public long Integer(long least, long most, string what)
    {
        if (Fault is not null)
            return least;
        var start = Position;
        var negative = Take('-');
        var first = Position;
        var value = 0L;
        while (char.IsAsciiDigit(Next))
        {
            if (Position - first == 16)
            {
                Fail("task-out-of-bounds", $"The {what} at character {start} has more than 16 digits; it must be from {least} to {most}.");
                return least;
            }

            value = value * 10 + (Next - '0');
            Position++;
        }

        var digits = Position - first;
        if (digits == 0 || (digits > 1 && _text[first] == '0') || (negative && value == 0) || Next is '.' or 'e' or 'E')
        {
            Position = start;
            Malformed($"an integer for the {what}");
            return least;
        }

        value = negative ? -value : value;
        if (value < least || value > most)
        {
            Fail("task-out-of-bounds", $"The {what} at character {start} is {value}; it must be from {least} to {most}.");
            return least;
        }

        return value;
    }

    /// <summary>Small letters from a to z.</summary>
    public ReadOnlySpan<char> Letters(int least, int most, string what)
    {
        var start = Position;
        while (char.IsAsciiLetterLower(Next) && Position - start <= most)
            Position++;
        return Taken(start, least, most, what);
    }

    /// <summary>Exactly so many small hexadecimal digits.</summary>
    public ReadOnlySpan<char> Hex(int digits, string what)
    {
        var start = Position;
        while (char.IsAsciiHexDigitLower(Next) && Position - start <= digits)
            Position++;
        return Taken(start, digits, digits, what);
    }

    /// <summary>A family's name: a small letter, then small letters, digits and hyphens.</summary>
    public ReadOnlySpan<char> FamilyName()
    {
        var start = Position;
        while ((char.IsAsciiLetterLower(Next) || (Position > start && (char.IsAsciiDigit(Next) || Next == '-'))) && Position - start <= TaskStatement.MaxName)
            Position++;
        return Taken(start, 1, TaskStatement.MaxName, "family's name");
    }

    /// <summary>Any canonical JSON object of the subset: objects with ordinal keys, arrays, strings and integers.</summary>
    public void Object() => Object(1);

    private void Object(int depth)
    {
        Literal("{");
        if (Take('}'))
            return;
        ReadOnlySpan<char> last = default;
        do
        {
            Literal("\"");
            var start = Position;
            while ((char.IsAsciiLetter(Next) || (Position > start && char.IsAsciiDigit(Next))) && Position - start <= TaskStatement.MaxName)
                Position++;
            var key = Taken(start, 1, TaskStatement.MaxName, "key");
            Literal("\":");
            if (Fault is null && last.SequenceCompareTo(key) >= 0)
                Fail("task-malformed", $"The key `{key}` stands after `{last}`; keys are in ordinal order and each stands once.");
            last = key;
            Value(depth + 1);
        }
        while (Take(','));
        Literal("}");
    }

    private void Value(int depth)
    {
        if (Next is '{' or '[' && depth > TaskStatement.MaxDepth)
            Fail("task-too-large", $"The body is nested deeper than {TaskStatement.MaxDepth}; make it flatter.");
        else if (Next == '{')
            Object(depth);
        else if (Next == '[')
            Array(depth);
        else if (Next == '"')
            String();
        else
            Integer(-TaskStatement.MaxInteger, TaskStatement.MaxInteger, "number");
    }

    private void Array(int depth)
    {
        Literal("[");
        if (Take(']'))
            return;
        do
            Value(depth + 1);
        while (Take(','));
        Literal("]");
    }

    // The escapes of RFC 8785, section 3.2.2.2: what can stand for itself does. Surrogates come in pairs because the text was decoded from UTF-8.
    private void String()
    {
        Literal("\"");
        while (Fault is null && !Take('"'))
        {
            if (Next >= ' ' && Next != '\\')
                Position++;
            else if (!Escape())
                Malformed("a character or its shortest escape");
        }
    }

    private bool Escape()
    {
        var rest = _text[Position..];
        if (rest.Length < 2 || rest[0] != '\\')
            return false;
        if ("\"\\bfnrt".Contains(rest[1], StringComparison.Ordinal))
        {
            Position += 2;
            return true;
        }

        if (rest.Length < 6 || !rest.StartsWith("\\u00", StringComparison.Ordinal) || rest[4] is not ('0' or '1') || !char.IsAsciiHexDigitLower(rest[5])
            || (rest[4] == '0' && rest[5] is '8' or '9' or 'a' or 'c' or 'd'))
            return false;
        Position += 6;
        return true;
    }

    private ReadOnlySpan<char> Taken(int start, int least, int most, string what)
    {
        if (Fault is not null)
            return default;
        var length = Position - start;
        if (length > most)
            Fail("task-too-large", $"The {what} at character {start} is longer than {most}; shorten it.");
        else if (length < least)
            Malformed($"a {what} of {least} to {most} characters");
        return Fault is null ? _text[start..Position] : default;
    }

    /// <summary>A fault that the family saw: the first still counts.</summary>
    public void Reject(string code, string message) => Fail(code, message);

    private void Malformed(string wanted) => Fail("task-malformed", $"At character {Position} stands {(Position < _text.Length ? Shown(_text[Position]) : "the end")} instead of {wanted}.");

    private void Fail(string code, string message) => Fault ??= new TaskFault(code, message);

    // Whatever was put in, a message is plain ASCII that a terminal may print.
    private static string Shown(char character) => character is > ' ' and < '\x7f' ? $"`{character}`" : $"U+{(int)character:X4}";
}
