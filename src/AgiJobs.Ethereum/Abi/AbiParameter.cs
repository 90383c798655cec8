namespace AgiJobs.Ethereum.Abi;

/// <summary>
/// A named place for a value: an argument, a result, a component of a tuple. <paramref name="Name"/> is empty when the source gives
/// none; <paramref name="Indexed"/> matters in events only.
/// </summary>
public sealed record AbiParameter(string Name, AbiType Type, bool Indexed = false)
{
    /// <summary>
    /// The type in the words of the source (<c>contract IERC20</c>, <c>struct Safe.Call</c>), when the JSON ABI gives it.
    /// </summary>
    public string? InternalType { get; init; }

    /// <summary>The human-readable text: type, <c>indexed</c>, name.</summary>
    public override string ToString() => $"{Type}{(Indexed ? " indexed" : "")}{(Name.Length == 0 ? "" : " " + Name)}";
}
