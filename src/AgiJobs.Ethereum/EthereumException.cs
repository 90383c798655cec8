namespace AgiJobs.Ethereum;

/// <summary>What kind of thing went wrong, so that a caller can choose an exit code without reading the message.</summary>
public enum Fault
{
    /// <summary>The caller's input is malformed or out of range; nothing was done.</summary>
    BadInput,

    /// <summary>The work was tried and failed.</summary>
    Failed,

    /// <summary>The chain, a node or a signer could not be read, so nothing is known.</summary>
    Unknown,

    /// <summary>A rule forbids the work (a signer that is not an owner, a key on the wrong chain).</summary>
    Refused,

    /// <summary>Two sources that must agree do not (another chain id, another hash, a lying node).</summary>
    Mismatch,
}

/// <summary>
/// The one exception root of chain access. <see cref="Exception.Message"/> names the value, the rule and the mend;
/// <see cref="Code"/> is stable and safe to match on.
/// </summary>
public class EthereumException(string code, Fault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A stable identifier in kebab case, such as <c>address-checksum</c>.</summary>
    public string Code { get; } = code;

    /// <summary>The kind of failure.</summary>
    public Fault Fault { get; } = fault;

    internal static EthereumException BadInput(string code, string message, Exception? inner = null) => new(code, Fault.BadInput, message, inner);
}
