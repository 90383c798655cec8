using System.Globalization;
using System.Text;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Changes;

/// <summary>A change that is on file, and where.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Document">What it is.</param>
public sealed record FiledChange(string Folder, ChangeDocument Document)
{
    /// <summary>The name that commands take: the folder's.</summary>
    public string Id => Path.GetFileName(Folder);

    /// <summary>The journal of its execution.</summary>
    public string JournalPath => Path.Combine(Folder, "journal.jsonl");

    /// <summary>The signatures of Safe owners, of every Safe that takes part, by Safe, transaction and owner: <c>approvals/safe-*.json</c>.</summary>
    /// <exception cref="ControlException"><c>file-format</c>.</exception>
    public IReadOnlyList<SafeApproval> SafeApprovals() => [.. Signatures("safe-*.json").Select(path => JsonFile.Read(path, ChangeJson.Default.SafeApproval))];

    /// <summary>The signatures over the change's statement, by signer: <c>approvals/authorization-SIGNER.json</c>.</summary>
    /// <exception cref="ControlException"><c>file-format</c>.</exception>
    public IReadOnlyList<SignedAuthorization> Authorizations() => [.. Signatures("authorization-*.json").Select(path => JsonFile.Read(path, ChangeJson.Default.SignedAuthorization))];

    /// <summary>Where the signature of a Safe's owner lies.</summary>
    public string PathOf(SafeApproval approval) =>
        Path.Combine(Approvals, string.Create(CultureInfo.InvariantCulture, $"safe-{approval.Safe}-{(approval.Chunk is { } chunk ? string.Create(CultureInfo.InvariantCulture, $"c{chunk}-") : "")}{approval.Owner}.json"));

    /// <summary>Files a signature; a second one of the same owner for the same Safe and transaction of the change takes the first's place.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public string File(SafeApproval approval)
    {
        var path = PathOf(approval);
        JsonFile.Write(path, approval, ChangeJson.Default.SafeApproval);
        return path;
    }

    /// <summary>Files a signature; a second one of the same signer takes the first's place.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public string File(SignedAuthorization authorization)
    {
        var path = Path.Combine(Approvals, $"authorization-{authorization.Signer}.json");
        JsonFile.Write(path, authorization, ChangeJson.Default.SignedAuthorization);
        return path;
    }

    private string Approvals => Path.Combine(Folder, "approvals");

    private IEnumerable<string> Signatures(string pattern) =>
        Directory.Exists(Approvals) ? Directory.EnumerateFiles(Approvals, pattern).Order(StringComparer.Ordinal) : [];
}

/// <summary>A change as a survey of the workspace found it.</summary>
/// <param name="Id">Its folder's name.</param>
/// <param name="Change">The change; null when its record is damaged.</param>
/// <param name="Problem">What is wrong with the record; null when it is whole.</param>
public sealed record SurveyedChange(string Id, FiledChange? Change, ControlException? Problem);

/// <summary>The changes of a workspace: <c>storage/changes/DATE-KIND-DIGEST8/</c>.</summary>
public sealed class ChangeStore(Workspace workspace, TimeProvider time)
{
    private string Root => workspace.Locate("storage", "changes");

    /// <summary>
    /// Puts a change on file with its brief. One that is on file already is found by its digest and left as it is.
    /// </summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public FiledChange File(ChangeDocument document, string brief)
    {
        var digest = document.Digest();
        if (Find(digest.ToString()[2..10]) is { } known && known.Document.Digest() == digest)
        {
            return known;
        }

        var folder = Path.Combine(Root, $"{time.GetUtcNow():yyyy-MM-dd}-{document.Kind}-{digest.ToString()[2..10]}");
        AtomicFile.Write(Path.Combine(folder, "brief.md"), Encoding.UTF8.GetBytes(brief));
        // Last, because a folder without it is not a change.
        JsonFile.Write(Path.Combine(folder, "change.json"), document, ChangeJson.Default.ChangeDocument);
        return new FiledChange(folder, document);
    }

    /// <summary>
    /// The change with an instance of its own when its author gave none: that of the same change whose execution was begun and not ended, else the first <c>manual-N</c> that
    /// was not executed to its end. A command that died is so gone on with by running it again, and the same pause next month is a new change.
    /// </summary>
    /// <param name="document">The change.</param>
    /// <param name="onDamaged">Hears of each record that cannot be read, and goes on: what is in it counts as executed. For a pause, which must not wait for a file to be mended. Null refuses.</param>
    /// <exception cref="ControlException"><c>file-format</c> or <c>change-tampered</c>.</exception>
    public ChangeDocument WithNextInstance(ChangeDocument document, Action<ControlException>? onDamaged = null)
    {
        var damaged = new HashSet<string>(StringComparer.Ordinal);
        var fingerprint = document.Fingerprint();
        var alike = Others().Where(change => change.Document.Fingerprint() == fingerprint).ToList();
        var begun = alike.Select(change => (change.Document.Instance, Entries: Journal.Read(change.JournalPath))).Where(change => change.Entries.Count > 0).ToList();
        if (begun.Find(change => !Journal.HasEnded(change.Entries)) is { Instance: { } open })
        {
            return document.For(open);
        }

        // One that was refused is not asked for again under the same name.
        var ended = begun.Select(change => change.Instance).Concat(alike.Where(SignedRecords.HoldsRefusal).Select(change => change.Document.Instance)).ToHashSet(StringComparer.Ordinal);
        var number = 1;
        while (ended.Contains(Manual(number)) || (damaged.Count > 0 && damaged.Contains(document.For(Manual(number)).Digest().ToString()[2..10])))
        {
            number++;
        }

        return document.For(Manual(number));

        // A damaged record of another change must not stand between the operator and a pause.
        IReadOnlyList<FiledChange> Others()
        {
            if (onDamaged is not null)
            {
                var every = Survey();
                foreach (var (id, _, problem) in every.Where(entry => entry.Problem is not null))
                {
                    damaged.Add(DigestOf(id));
                    onDamaged(problem!);
                }

                return [.. every.Select(entry => entry.Change).OfType<FiledChange>()];
            }

            try
            {
                return List();
            }
            catch (ControlException problem)
            {
                throw new ControlException(problem.Code, problem.Exit, problem.Message, $"{problem.Mend} To go on before that, name the ticket or incident with --instance: then the other changes are not looked at.", problem);
            }
        }

        static string Manual(int number) => string.Create(CultureInfo.InvariantCulture, $"manual-{number}");
    }

    /// <summary>A change of this network and kind that was begun to be sent and has come to no end; null when there is none.</summary>
    /// <exception cref="ControlException"><c>file-format</c>, <c>change-tampered</c> or <c>journal-corrupt</c>.</exception>
    public FiledChange? Unfinished(string network, string kind) =>
        List().FirstOrDefault(change => string.Equals(change.Document.Network, network, StringComparison.Ordinal)
            && string.Equals(change.Document.Kind, kind, StringComparison.Ordinal)
            && Journal.Read(change.JournalPath) is { Count: > 0 } entries
            && !Journal.HasEnded(entries));

    /// <summary>Every change on file, by folder name.</summary>
    /// <exception cref="ControlException"><c>file-format</c> or <c>change-tampered</c>.</exception>
    public IReadOnlyList<FiledChange> List() => [.. Folders().Select(Load)];

    /// <summary>Every change on file, and for a damaged one why it cannot be read: one record must not hide the others.</summary>
    public IReadOnlyList<SurveyedChange> Survey() => [.. Folders().Select(folder =>
    {
        try
        {
            var change = Load(folder);
            _ = Journal.Read(change.JournalPath);
            _ = change.SafeApprovals();
            _ = change.Authorizations();
            return new SurveyedChange(change.Id, change, null);
        }
        catch (ControlException problem)
        {
            return new SurveyedChange(Path.GetFileName(folder), null, problem);
        }
    })];

    /// <summary>The change whose folder is named <paramref name="id"/> or whose digest starts with it; null when there is none.</summary>
    /// <exception cref="ControlException"><c>change-ambiguous</c>, <c>file-format</c> or <c>change-tampered</c>.</exception>
    public FiledChange? Find(string id)
    {
        var wanted = (id.StartsWith("0x", StringComparison.Ordinal) ? id[2..] : id).ToLowerInvariant();
        var matches = Folders().Where(folder => Path.GetFileName(folder) is var name && (string.Equals(name, id, StringComparison.Ordinal) || (wanted.Length >= 4 && (DigestOf(name).StartsWith(wanted, StringComparison.Ordinal) || (wanted.Length > 8 && wanted.StartsWith(DigestOf(name), StringComparison.Ordinal)))))).ToList();
        return matches switch
        {
            [] => null,
            // The folder's name holds the first digits only; the rest of a longer digest has to agree too.
            [var only] => Load(only) is var found && (string.Equals(found.Id, id, StringComparison.Ordinal) || found.Document.Digest().ToString()[2..].StartsWith(wanted, StringComparison.Ordinal)) ? found : null,
            _ => throw new ControlException("change-ambiguous", ExitCode.BadInput, $"'{id}' fits several changes: {string.Join(", ", matches.Select(match => Path.GetFileName(match)))}.", "Give more of the digest, or the whole folder name."),
        };
    }

    /// <summary>The change that <paramref name="id"/> names.</summary>
    /// <exception cref="ControlException"><c>change-unknown</c> besides those of <see cref="Find"/>.</exception>
    public FiledChange Get(string id) =>
        Find(id) ?? throw new ControlException("change-unknown", ExitCode.BadInput, $"There is no change '{id}' in {Root}.", "'agijobs change list' shows those on file.");

    private static string DigestOf(string folderName) => folderName[(folderName.LastIndexOf('-') + 1)..];

    private IEnumerable<string> Folders() =>
        Directory.Exists(Root)
            ? Directory.EnumerateDirectories(Root).Where(folder => System.IO.File.Exists(Path.Combine(folder, "change.json"))).Order(StringComparer.Ordinal)
            : [];

    private static FiledChange Load(string folder)
    {
        var path = Path.Combine(folder, "change.json");
        var document = JsonFile.Read(path, ChangeJson.Default.ChangeDocument);
        if (document.Version != 1 || document.Steps.Count == 0)
        {
            throw new ControlException("file-format", ExitCode.BadInput, document.Version != 1 ? $"{path} has version {document.Version}; this program reads version 1." : $"{path}, at $.steps: the list is empty.", "Restore it from git, or plan the change again.");
        }

        var digest = document.Digest().ToString()[2..10];
        return string.Equals(DigestOf(Path.GetFileName(folder)), digest, StringComparison.Ordinal)
            ? new FiledChange(folder, document)
            : throw new ControlException("change-tampered", ExitCode.Mismatch, $"{path} has the digest {digest}..., which is not that of its folder: the file was altered after it was filed.", "Restore it from git; no signature over the original counts for this text.");
    }
}
