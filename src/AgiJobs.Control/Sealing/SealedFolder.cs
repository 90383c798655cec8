namespace AgiJobs.Control.Sealing;

/// <summary>
/// Sealed files in one folder of the user's configuration folder: <c>NAME.sealed</c>. Each is bound to the folder and its name. Safe for use by several threads;
/// two writers of one name leave the file of one of them.
/// </summary>
public sealed class SealedFolder
{
    private const string Suffix = ".sealed";
    private readonly Seal _seal;
    private readonly string _purpose;
    private readonly string[] _folder;

    internal SealedFolder(Seal seal, string purpose, string[] folder)
    {
        _seal = seal;
        _purpose = purpose;
        _folder = folder;
    }

    /// <summary>The names of what is sealed here, sorted. Needs no key.</summary>
    /// <exception cref="ControlException"><c>file-read</c>, <c>user-folder-none</c>.</exception>
    public IReadOnlyList<string> Names() =>
        [.. _seal.User.Names(_folder).Where(name => name.EndsWith(Suffix, StringComparison.Ordinal)).Select(name => name[..^Suffix.Length])];

    /// <summary>The path of the file of a name, for messages.</summary>
    /// <exception cref="ControlException"><c>sealed-name</c>, <c>user-folder-none</c>.</exception>
    public string PathOf(string name) => _seal.User.Locate([.. _folder, FileOf(name)]);

    /// <summary>Seals and writes.</summary>
    /// <exception cref="ControlException"><c>sealed-name</c>, <c>file-write</c>, <c>user-folder-open</c> and those of <see cref="Seal.Apply"/>.</exception>
    public void Write(string name, ReadOnlySpan<byte> plaintext) => _seal.User.Write(_seal.Apply(_purpose, Bound(name), plaintext), [.. _folder, FileOf(name)]);

    /// <summary>Reads and opens; null when there is no file of that name.</summary>
    /// <exception cref="ControlException"><c>sealed-name</c>, <c>file-read</c>, <c>user-folder-open</c> and those of <see cref="Seal.Open"/>.</exception>
    public byte[]? Read(string name) => _seal.User.Read([.. _folder, FileOf(name)]) is { } content ? _seal.Open(_purpose, Bound(name), content) : null;

    /// <summary>True when there is a file of that name. Needs no key.</summary>
    /// <exception cref="ControlException"><c>sealed-name</c>, <c>user-folder-none</c>.</exception>
    public bool Has(string name) => File.Exists(PathOf(name));

    /// <summary>Deletes; nothing when there is none.</summary>
    /// <exception cref="ControlException"><c>sealed-name</c>, <c>file-write</c>.</exception>
    public void Delete(string name) => _seal.User.Delete([.. _folder, FileOf(name)]);

    private static string FileOf(string name) =>
        name.Length is > 0 and <= 200 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name + Suffix
            : throw new ControlException("sealed-name", ExitCode.BadInput, $"'{name}' is no name for a sealed file.", "Use letters, digits, '-', '_' and '.', with no '.' in front.");

    private string Bound(string name) => string.Join('/', [.. _folder, name]);
}
