using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Sealing;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>What the user's configuration folder remembers of a log: the last checkpoint that its key signed, and where the log was.</summary>
/// <param name="Workspace">The workspace's folder.</param>
/// <param name="Note">The signed checkpoint.</param>
public sealed record RememberedCheckpoint(string Workspace, SignedNote Note)
{
    /// <summary>The checkpoint.</summary>
    public Checkpoint Checkpoint { get; } = Checkpoint.Parse(Note.Text);
}

/// <summary>
/// The keys of a network's logs, and the last checkpoint that each signed, sealed in the user's configuration folder under <c>audit/NETWORK/</c>. A log whose key is here is
/// this user's.
/// </summary>
public sealed class LogKeys
{
    private const string Purpose = "audit-log";
    private const string KeySuffix = ".key";
    private const string MemorySuffix = ".checkpoint";
    private readonly SealedFolder _folder;

    /// <summary>The keys of a network's logs.</summary>
    public LogKeys(Seal seal, string network) => _folder = seal.Folder(Purpose, "audit", network);

    /// <summary>True when the writer's key is here. Opens nothing, and a configuration folder that cannot be looked into holds no key.</summary>
    public bool Has(string writer)
    {
        try
        {
            return _folder.Has(writer + KeySuffix);
        }
        catch (ControlException)
        {
            return false;
        }
    }

    /// <summary>The writers whose last checkpoint is remembered here.</summary>
    public IReadOnlyList<string> Remembered()
    {
        try
        {
            return [.. _folder.Names().Where(name => name.EndsWith(MemorySuffix, StringComparison.Ordinal)).Select(name => name[..^MemorySuffix.Length])];
        }
        catch (ControlException)
        {
            return [];
        }
    }

    /// <summary>Makes and keeps a key for a log.</summary>
    /// <exception cref="ControlException">Those of sealing and of the configuration folder.</exception>
    internal VerifierKey Make(LogFolder log)
    {
        Span<byte> seed = stackalloc byte[Ed25519.SeedSize];
        RandomNumberGenerator.Fill(seed);
        try
        {
            _folder.Write(log.Writer + KeySuffix, seed);
            return new VerifierKey(log.Origin, Ed25519.PublicKey(seed));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>The verifier key of a log whose private key is here; null when it is not.</summary>
    /// <exception cref="ControlException">Those of opening a sealed file.</exception>
    public VerifierKey? VerifierKeyOf(LogFolder log)
    {
        if (_folder.Read(log.Writer + KeySuffix) is not { } seed)
        {
            return null;
        }

        try
        {
            return new VerifierKey(log.Origin, Ed25519.PublicKey(seed));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>Signs a checkpoint with the log's key.</summary>
    /// <exception cref="ControlException"><c>log-key-missing</c>, and those of opening a sealed file.</exception>
    internal SignedNote Sign(LogFolder log, Checkpoint checkpoint)
    {
        var seed = _folder.Read(log.Writer + KeySuffix) ?? throw new ControlException("log-key-missing", ExitCode.Failed, $"The key of the log {log.Origin} is not in the configuration folder.", "Restore the configuration folder from a backup; until then the entries wait unsigned.");
        try
        {
            return new VerifierKey(log.Origin, Ed25519.PublicKey(seed)).Sign(checkpoint.ToText(), seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>The last checkpoint that the log's key signed here; null when none is remembered.</summary>
    /// <exception cref="ControlException"><c>note-format</c>, <c>checkpoint-format</c>, and those of opening a sealed file.</exception>
    public RememberedCheckpoint? Recall(string writer)
    {
        if (_folder.Read(writer + MemorySuffix) is not { } bytes)
        {
            return null;
        }

        try
        {
            var json = JsonNode.Parse(bytes)!.AsObject();
            return new RememberedCheckpoint((string)json["workspace"]!, SignedNote.Parse(Encoding.UTF8.GetBytes((string)json["note"]!)));
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or ArgumentNullException or NullReferenceException or FormatException)
        {
            throw new ControlException("log-memory", ExitCode.Mismatch, $"{_folder.PathOf(writer + MemorySuffix)} cannot be read.", "Restore the configuration folder from a backup.", problem);
        }
    }

    /// <summary>Remembers a checkpoint as the last that was signed.</summary>
    /// <exception cref="ControlException">Those of sealing and of the configuration folder.</exception>
    internal void Remember(string writer, RememberedCheckpoint checkpoint)
    {
        var json = new JsonObject { ["workspace"] = checkpoint.Workspace, ["note"] = Encoding.UTF8.GetString(checkpoint.Note.ToBytes()) };
        _folder.Write(writer + MemorySuffix, Encoding.UTF8.GetBytes(json.ToJsonString()));
    }
}
