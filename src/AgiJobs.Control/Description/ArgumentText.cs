using System.Globalization;
using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Description;

/// <summary>Arguments of functions as they stand in files and on command lines: texts.</summary>
public static class ArgumentText
{
    /// <summary>Reads a text as a value of a type: integers in decimal, addresses in EIP-55, bytes in hex, flags as true or false.</summary>
    /// <exception cref="ControlException"><c>argument-format</c>; lists and tuples have no text form here.</exception>
    public static AbiValue Parse(AbiType type, string text)
    {
        try
        {
            return type.Kind switch
            {
                AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger when BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
                AbiTypeKind.Boolean when text is "true" or "false" => string.Equals(text, "true", StringComparison.Ordinal),
                AbiTypeKind.Address => Address.Parse(text),
                AbiTypeKind.FixedBytes or AbiTypeKind.Bytes => Hex.Decode(text),
                AbiTypeKind.String => text,
                _ => throw new ControlException("argument-format", ExitCode.BadInput, $"'{text}' is not a value of the type {type}."),
            };
        }
        catch (EthereumException problem)
        {
            throw new ControlException("argument-format", ExitCode.BadInput, $"'{text}' is not a value of the type {type}: {problem.Message}", null, problem);
        }
    }
}
