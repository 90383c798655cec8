using System.Security.Cryptography;
using System.Text.Json;
using AgiJobs.Control.Files;
using AgiJobs.Control.Sealing;

namespace AgiJobs.Control.Armory;

/// <summary>An armed pause as it lies in the armory, or why it cannot be read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Item">The pause; null when it cannot be read.</param>
/// <param name="Problem">Why not; null when it can.</param>
public sealed record StoredPause(string Name, ArmedPause? Item, ControlException? Problem);

/// <summary>The armed pauses of one network, sealed in the user's configuration folder: <c>armory/NETWORK-CHAIN/NAME.sealed</c>. Never in the workspace.</summary>
public sealed class ArmoryStore(Seal seal, string network, Ethereum.ChainId chain)
{
    private readonly SealedFolder _folder = seal.Folder("armory", "armory", $"{network}-{chain}");

    /// <summary>Every armed pause, by name; one that cannot be read does not hide the others.</summary>
    /// <exception cref="ControlException"><c>file-read</c>, <c>user-folder-none</c>.</exception>
    public IReadOnlyList<StoredPause> Survey() => [.. _folder.Names().Select(name =>
    {
        try
        {
            return new StoredPause(name, Get(name), null);
        }
        catch (ControlException problem)
        {
            return new StoredPause(name, null, problem);
        }
    })];

    /// <summary>True when there is an armed pause of this name.</summary>
    /// <exception cref="ControlException"><c>user-folder-none</c>.</exception>
    public bool Has(string name) => _folder.Has(name);

    /// <summary>The armed pause of a name.</summary>
    /// <exception cref="ControlException"><c>armory-unknown</c>; <c>armory-other</c> (exit 6) when the file is for another network or name; those of the seal.</exception>
    public ArmedPause Get(string name)
    {
        var content = _folder.Read(name) ?? throw new ControlException("armory-unknown", ExitCode.BadInput, $"There is no armed pause '{name}' for '{network}'.", "'agijobs owner armory list' shows those there are.");
        try
        {
            var item = JsonFile.Parse(content, _folder.PathOf(name), ArmoryJson.Default.ArmedPause);
            return item.Version == 1 && string.Equals(item.Name, name, StringComparison.Ordinal) && item.Change.ChainId == chain && string.Equals(item.Change.Network, network, StringComparison.Ordinal)
                ? item
                : throw new ControlException("armory-other", ExitCode.Mismatch, $"{_folder.PathOf(name)} holds '{item.Name}' for '{item.Change.Network}', chain {item.Change.ChainId}, version {item.Version}.", "Restore it from a backup, or make it anew.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Seals an armed pause; one of the same name is replaced.</summary>
    /// <exception cref="ControlException"><c>file-write</c> and those of the seal.</exception>
    public void Put(ArmedPause item)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(item, ArmoryJson.Default.ArmedPause);
        try
        {
            _folder.Write(item.Name, content);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Deletes an armed pause; nothing when there is none.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public void Delete(string name) => _folder.Delete(name);
}
