using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Sealing;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Response.Watching;

/// <summary>What the user's configuration folder remembers of a monitor's set: which blocks it had proven, so that a state that was lost is found out.</summary>
/// <param name="From">The first block that was to be examined.</param>
/// <param name="To">The last that was.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Deep">A block far below, the chain's first where the node has it: by its hash the chain is told from others. Null when none was known.</param>
public sealed record RememberedCoverage(ulong From, ulong To, Bytes32 Hash, BlockMark? Deep = null);

/// <summary>
/// The Ed25519 key of one monitor, sealed in the user's configuration folder under <c>monitors/NETWORK/</c>; it is made on first use and signs what the monitor has examined and found, nothing else. Safe for use by several threads.
/// </summary>
public sealed class MonitorKey
{
    private const string Purpose = "monitor";

    private readonly SealedFolder _folder;
    private readonly string _monitor;

    private MonitorKey(SealedFolder folder, string monitor, VerifierKey verifier) => (_folder, _monitor, Verifier) = (folder, monitor, verifier);

    /// <summary>The public key, with the monitor's name.</summary>
    public VerifierKey Verifier { get; }

    /// <summary>Opens a monitor's key; makes it when there is none.</summary>
    /// <exception cref="ControlException">Those of sealing and of the configuration folder.</exception>
    public static MonitorKey Open(Seal seal, string network, string monitor)
    {
        ArgumentNullException.ThrowIfNull(seal);
        var folder = seal.Folder(Purpose, "monitors", network);
        var seed = folder.Read(KeyOf(monitor));
        try
        {
            if (seed is null)
            {
                seed = new byte[Ed25519.SeedSize];
                RandomNumberGenerator.Fill(seed);
                folder.Write(KeyOf(monitor), seed);
            }

            return new MonitorKey(folder, monitor, new VerifierKey(NameOf(network, monitor), Ed25519.PublicKey(seed)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>The public key of a monitor whose key is here; null when it is not.</summary>
    /// <exception cref="ControlException">Those of opening a sealed file.</exception>
    public static VerifierKey? Find(Seal seal, string network, string monitor)
    {
        ArgumentNullException.ThrowIfNull(seal);
        return seal.Folder(Purpose, "monitors", network).Has(KeyOf(monitor)) ? Open(seal, network, monitor).Verifier : null;
    }

    /// <summary>Signs a text of the monitor's: a range of blocks, or testimony.</summary>
    /// <exception cref="ControlException"><c>monitor-key-missing</c>, and those of opening a sealed file.</exception>
    public SignedNote Sign(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var seed = _folder.Read(KeyOf(_monitor)) ?? throw new ControlException("monitor-key-missing", ExitCode.Failed, $"The key of the monitor {_monitor} is not in the configuration folder any more.", "Restore the configuration folder from a backup.");
        try
        {
            return new SignedNote(text, [new NoteSignature(Verifier.Name, Verifier.KeyId, Ed25519.Sign(Encoding.UTF8.GetBytes(text), seed))]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>Remembers what was proven of a set.</summary>
    /// <exception cref="ControlException">Those of sealing and of the configuration folder.</exception>
    public void Remember(string track, RememberedCoverage coverage)
    {
        ArgumentNullException.ThrowIfNull(coverage);
        _folder.Write(MemoryOf(track), Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{coverage.From} {coverage.To} {coverage.Hash}{(coverage.Deep is { } deep ? $" {deep.Number} {deep.Hash}" : "")}")));
    }

    /// <summary>Forgets what was proven of a set, which is not examined any more.</summary>
    /// <exception cref="ControlException">Those of the configuration folder.</exception>
    public void Forget(string track) => _folder.Delete(MemoryOf(track));

    /// <summary>What is remembered of a set; null when nothing is.</summary>
    /// <exception cref="ControlException">Those of opening a sealed file.</exception>
    public RememberedCoverage? Recall(string track) =>
        _folder.Read(MemoryOf(track)) is { } bytes && Encoding.UTF8.GetString(bytes).Split(' ') is [var from, var to, var hash, .. var deep]
            && ulong.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var first) && ulong.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            ? new RememberedCoverage(first, last, Bytes32.Parse(hash), deep is [var number, var other] && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var height) ? new BlockMark(height, other) : null)
            : null;

    private string MemoryOf(string track) => $"{_monitor}.{track}.covered";

    private static string KeyOf(string monitor) => monitor + ".key";

    private static string NameOf(string network, string monitor) => $"{network}/monitor/{monitor}";
}
