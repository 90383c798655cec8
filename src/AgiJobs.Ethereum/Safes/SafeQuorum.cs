namespace AgiJobs.Ethereum.Safes;

/// <summary>Who owns a Safe and how many of them must consent.</summary>
public sealed class SafeQuorum
{
    private readonly HashSet<Address> _owners;

    /// <summary>Takes distinct owners and a threshold between one and their number.</summary>
    /// <exception cref="EthereumException"><c>safe-owners</c>, <c>safe-threshold</c>.</exception>
    public SafeQuorum(IReadOnlyList<Address> owners, int threshold)
    {
        ArgumentNullException.ThrowIfNull(owners);
        _owners = [.. owners];
        if (_owners.Count != owners.Count || _owners.Contains(default) || _owners.Contains(Sentinel))
        {
            throw EthereumException.BadInput("safe-owners", $"The owners of a Safe must be distinct accounts other than zero and {Sentinel}: {string.Join(", ", owners)}.");
        }

        if (threshold < 1 || threshold > owners.Count)
        {
            throw EthereumException.BadInput("safe-threshold", $"A threshold of {threshold} does not fit {owners.Count} owners: it is 1 to the number of owners.");
        }

        Owners = [.. owners];
        Threshold = threshold;
    }

    /// <summary>The address that marks the ends of a Safe's linked lists; never an owner or a module.</summary>
    public static Address Sentinel { get; } = Bytes32.FromUnsigned(1).ToAddress();

    /// <summary>The owners in the order given.</summary>
    public IReadOnlyList<Address> Owners { get; }

    /// <summary>How many must consent.</summary>
    public int Threshold { get; }

    /// <summary>True for an owner.</summary>
    public bool Contains(Address account) => _owners.Contains(account);

    /// <summary>The threshold and the number of owners.</summary>
    public override string ToString() => $"{Threshold} of {Owners.Count}";
}
