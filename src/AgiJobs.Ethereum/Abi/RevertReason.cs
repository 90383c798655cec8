using System.Numerics;

namespace AgiJobs.Ethereum.Abi;

/// <summary>What revert data says.</summary>
public enum RevertKind
{
    /// <summary>
    /// No data: <c>revert()</c> or <c>require(x)</c> without a reason, out of gas, or a call to a function that does not exist.
    /// </summary>
    Empty,

    /// <summary><c>Error(string)</c>: <c>require(x, "reason")</c>.</summary>
    Text,

    /// <summary><c>Panic(uint256)</c>: a check of the compiler failed.</summary>
    Panic,

    /// <summary>A custom error that the ABI knows.</summary>
    Custom,

    /// <summary>Data that the ABI does not know, or that is malformed. Never to be shown as a known reason.</summary>
    Unknown,
}

/// <summary>
/// Revert data made readable. <see cref="Text"/> is for people; <see cref="Kind"/> and <see cref="Error"/> are for matching.
/// Source: the Solidity documentation, "Error handling" and "Panic via assert".
/// </summary>
public sealed record RevertReason
{
    private static readonly AbiError ErrorWithText = AbiError.Parse("error Error(string message)");
    private static readonly AbiError PanicWithCode = AbiError.Parse("error Panic(uint256 code)");

    private RevertReason(RevertKind kind, string text, AbiError? error, AbiArguments? arguments, ReadOnlyMemory<byte> data)
    {
        Kind = kind;
        Text = text;
        Error = error;
        Arguments = arguments;
        Data = data;
    }

    /// <summary>What the data says.</summary>
    public RevertKind Kind { get; }

    /// <summary>One line for people, such as <c>NotOwner(caller: 0x...)</c> or <c>unknown error 0x12345678</c>.</summary>
    public string Text { get; }

    /// <summary>The error, when its data could be decoded.</summary>
    public AbiError? Error { get; }

    /// <summary>The arguments of <see cref="Error"/>.</summary>
    public AbiArguments? Arguments { get; }

    /// <summary>The revert data as it came.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>The same as <see cref="Text"/>.</summary>
    public override string ToString() => Text;

    /// <summary>Reads revert data with the errors that <paramref name="find"/> knows. Never throws on malformed data.</summary>
    internal static RevertReason Read(ReadOnlySpan<byte> data, Func<Selector, AbiError?> find)
    {
        var copy = data.ToArray();
        if (data.IsEmpty)
        {
            return new RevertReason(RevertKind.Empty, "reverted without a reason", null, null, copy);
        }

        if (data.Length < Selector.Size)
        {
            return new RevertReason(RevertKind.Unknown, $"unknown error {Hex.Encode(data)}", null, null, copy);
        }

        var selector = new Selector(data);
        var known = selector == ErrorWithText.Selector
            ? ErrorWithText
            : selector == PanicWithCode.Selector ? PanicWithCode : find(selector);
        if (known is null)
        {
            var rest = data.Length == Selector.Size ? "" : $" with {data.Length - Selector.Size} bytes of arguments";
            return new RevertReason(RevertKind.Unknown, $"unknown error {selector}{rest}", null, null, copy);
        }

        AbiArguments arguments;
        try
        {
            // Hand-written assembly cuts off the padding of the last string, or sends scratch memory behind it. A reason that reads well
            // is worth more here than its exact form: nothing is decided by it.
            var padded = new byte[(data.Length - Selector.Size + 31) & ~31];
            data[Selector.Size..].CopyTo(padded);
            arguments = AbiCodec.Decode(known.Inputs, padded, allowTrailing: true);
        }
        catch (EthereumException)
        {
            return new RevertReason(
                RevertKind.Unknown,
                $"unknown error {selector}: the selector is that of {known.Signature}, its arguments are malformed",
                null,
                null,
                copy);
        }

        var (kind, text) = ReferenceEquals(known, ErrorWithText) ? (RevertKind.Text, arguments[0].ToString())
            : ReferenceEquals(known, PanicWithCode) ? (RevertKind.Panic, PanicText(arguments[0].AsInteger()))
            : (RevertKind.Custom, $"{known.Name}({arguments})");
        return new RevertReason(kind, text, known, arguments, copy);
    }

    private static string PanicText(BigInteger code)
    {
        var meaning = code.GetBitLength() > 31 ? null : (int)code switch
        {
            0x00 => "a generic check inserted by the compiler failed",
            0x01 => "an assertion failed",
            0x11 => "arithmetic overflow or underflow",
            0x12 => "division or modulo by zero",
            0x21 => "a number is no value of its enum",
            0x22 => "a storage byte array is incorrectly encoded",
            0x31 => "pop from an empty array",
            0x32 => "array index out of bounds",
            0x41 => "out of memory, or an array too large",
            0x51 => "call of a zero-initialised internal function",
            _ => null,
        };

        // Documentation writes the codes with two digits.
        var digits = Hex.EncodeQuantity(code)[2..].PadLeft(2, '0');
        return $"Panic(0x{digits}): {meaning ?? "a code that Solidity does not define"}";
    }
}
