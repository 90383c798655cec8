using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Cli.Changes;

/// <summary>A signer that is closed, and its key zeroed, when the work with it is done.</summary>
internal readonly struct OpenedSigner(ISigner signer) : IDisposable
{
    public ISigner Signer { get; } = signer;

    public void Dispose() => (Signer as IDisposable)?.Dispose();
}
