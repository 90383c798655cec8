using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Control.Workspaces;

/// <summary>The signers that the workspace refers to. Opening one is what touches a key or a remote; listing does not.</summary>
public sealed class SignerBook(SignersFile file)
{
    /// <summary>All of them, in the order of preference.</summary>
    public IReadOnlyList<SignerReference> All => file.Signers;

    /// <summary>The signers of the given names, in that order.</summary>
    /// <exception cref="ControlException"><c>signer-unknown</c> with the names there are.</exception>
    public IReadOnlyList<SignerReference> Named(IEnumerable<string> names) =>
        [.. names.Select(name => file.Signers.FirstOrDefault(signer => string.Equals(signer.Name, name, StringComparison.Ordinal))
            ?? throw new ControlException("signer-unknown", ExitCode.BadInput, $"The signer '{name}' is unknown: config/signers.json has {(file.Signers.Count == 0 ? "none" : string.Join(", ", file.Signers.Select(signer => signer.Name)))}.", "Write one of these names, or add the signer to config/signers.json."))];

    /// <summary>The name of an address's signer; null when there is none.</summary>
    public string? NameOf(Address address) => file.Signers.FirstOrDefault(signer => signer.Address == address)?.Name;

    /// <summary>The key that a reference lacks and its kind needs; null when it lacks none.</summary>
    public static string? Lacking(SignerReference reference) => reference.Kind switch
    {
        SignerKind.Development when reference.Index is null => "index",
        SignerKind.Keystore when reference.File is null => "file",
        SignerKind.Keystore when reference.Password is null => "password",
        SignerKind.Clef or SignerKind.Web3signer when reference.Url is null => "url",
        SignerKind.Pkcs11 when reference.Module is null => "module",
        SignerKind.Pkcs11 when reference.Token is null => "token",
        SignerKind.Pkcs11 when reference.KeyLabel is null && reference.KeyId is null => "keyLabel",
        SignerKind.Pkcs11 when reference.Pin is null => "pin",
        _ => null,
    };

    /// <summary>Opens a signer for a chain. Whatever its kind, each of its signatures is recovered and compared with the reference's address before it is given out (<see cref="CheckedSigner"/>).</summary>
    /// <exception cref="ControlException"><c>signer-format</c> when the reference lacks what its kind needs, <c>signer-other-key</c> when its key is not that of its address, <c>secret-missing</c>.</exception>
    /// <exception cref="EthereumException"><c>development-key-network</c>, <c>keystore-password</c> and others of the signer's kind.</exception>
    public static ISigner Open(SignerReference reference, ChainId chain)
    {
        ISigner signer = reference.Kind switch
        {
            SignerKind.Development => new DevelopmentKeys(chain).Signer(Needed(reference, reference.Index, "index")!.Value),
            SignerKind.Keystore => OpenKeystore(reference),
            SignerKind.Clef => OpenRemote(reference, RemoteSignerDialect.Clef),
            SignerKind.Web3signer => OpenRemote(reference, RemoteSignerDialect.Web3Signer),
            SignerKind.Pkcs11 => OpenToken(reference),
            _ => throw new ControlException("signer-format", ExitCode.BadInput, $"The signer '{reference.Name}' is of a kind that this program does not know."),
        };
        if (signer.Address == reference.Address)
        {
            return new CheckedSigner(signer, reference.Address, reference.Name);
        }

        (signer as IDisposable)?.Dispose();
        throw new ControlException("signer-other-key", ExitCode.Mismatch, $"The signer '{reference.Name}' holds the key of {signer.Address}, not of {reference.Address} as config/signers.json says.", "Correct the address or the reference; nothing was signed.");
    }

    /// <summary>Where the key of a PKCS#11 reference is.</summary>
    /// <exception cref="ControlException"><c>signer-format</c> when the reference lacks what its kind needs.</exception>
    public static Pkcs11Key KeyOf(SignerReference reference) => new(
        Needed(reference, reference.Module, "module")!,
        Needed(reference, reference.Token, "token")!,
        reference.KeyId is null ? Needed(reference, reference.KeyLabel, "keyLabel") : reference.KeyLabel,
        reference.KeyId);

    private static Pkcs11Signer OpenToken(SignerReference reference) => new(KeyOf(reference), Needed(reference, reference.Pin, "pin")!.Reveal());

    private static LocalSigner OpenKeystore(SignerReference reference)
    {
        var path = Needed(reference, reference.File, "file")!;
        var password = Needed(reference, reference.Password, "password")!.Reveal();
        return Keystore.Load(path).Unlock(password);
    }

    private static RemoteSigner OpenRemote(SignerReference reference, RemoteSignerDialect dialect) =>
        Uri.TryCreate(Needed(reference, reference.Url, "url"), UriKind.Absolute, out var url)
            ? new RemoteSigner(url, reference.Address, dialect)
            : throw new ControlException("signer-format", ExitCode.BadInput, $"config/signers.json: the signer '{reference.Name}' has the url '{reference.Url}', which is not one.", "Write http:// or https:// and the host.");

    private static T Needed<T>(SignerReference reference, T value, string key) =>
        value is not null ? value : throw new ControlException("signer-format", ExitCode.BadInput, $"config/signers.json: the signer '{reference.Name}' of kind {reference.Kind} needs the key '{key}'.", "Add it.");
}
