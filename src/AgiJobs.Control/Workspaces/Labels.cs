using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Workspaces;

/// <summary>Names for addresses, so that people need not compare hex: modules, the Safe, signers.</summary>
public sealed class Labels(Protocol protocol, NetworkFile network, SignerBook signers)
{
    /// <summary>What a pause means for the protocol's users; null when its description does not say.</summary>
    public string? WhenPaused => protocol.WhenPaused;

    /// <summary>What a resume means for the protocol's users; null when its description does not say.</summary>
    public string? WhenResumed => protocol.WhenResumed;

    /// <summary>The name of an address; null when it has none.</summary>
    public string? NameOf(Address address) => protocol.At(address)?.Name ?? (network.Safe == address ? "Safe" : signers.NameOf(address));

    /// <summary>The whole address, with its name where it has one.</summary>
    public string Describe(Address address) => NameOf(address) is { } name ? $"{address} ({name})" : address.ToString();
}
