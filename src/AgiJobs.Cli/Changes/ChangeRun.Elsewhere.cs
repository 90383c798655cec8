using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Files;
using AgiJobs.Control.Signing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Cli.Changes;

/// <content>Signing elsewhere: in a browser's wallet by a file, at a machine without a network by QR codes.</content>
internal sealed partial class ChangeRun
{
    /// <summary>Writes what is to be signed for a person with a wallet; signs nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="duties">The duties that are asked for; none stands for approver.</param>
    /// <param name="who">Who is asked; everybody when empty.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<ExitCode> ExportAsync(string path, IReadOnlyList<Duty> duties, IReadOnlyList<SignerReference> who, CancellationToken cancellation)
    {
        var (request, signers) = await RequestAsync(duties, who, cancellation).ConfigureAwait(false);
        var words = Words(request);
        AtomicFile.Write(path, SigningFile.Write(request, words, signers));
        PrintRequest(request, words);
        Terminal.Line($"  wrote    {path}");
        Terminal.Line($"  next     sign it with a wallet, then: agijobs change approve {change.Id} --signature {path}");
        JsonRequest(request, signers, writer => writer.WriteString("file", path));
        return ExitCode.Clean;
    }

    /// <summary>Shows what is to be signed as QR codes for a machine without a network; signs nothing.</summary>
    public async Task<ExitCode> ShowCodesAsync(string? path, IReadOnlyList<Duty> duties, IReadOnlyList<SignerReference> who, CancellationToken cancellation)
    {
        QrPicture.RequireEnding(path);
        var (request, signers) = await RequestAsync(duties, who, cancellation).ConfigureAwait(false);
        var frames = SigningFrames.Write(request.ToCompact());
        PrintRequest(request, Words(request));
        PrintCodes(Terminal, frames);
        var files = path is null ? [] : QrPicture.Write(path, frames);
        foreach (var file in files)
        {
            Terminal.Line($"  wrote    {file}");
        }

        Terminal.Line($"  next     there: agijobs signer answer --request TEXT --signer NAME; here: agijobs change approve {change.Id} --scan TEXT");
        JsonRequest(request, signers, writer =>
        {
            writer.WriteStartArray("frames");
            foreach (var frame in frames)
            {
                writer.WriteStringValue(frame);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("files");
            foreach (var file in files)
            {
                writer.WriteStringValue(file);
            }

            writer.WriteEndArray();
        });
        return ExitCode.Clean;
    }

    /// <summary>Prints texts as codes, each with its text.</summary>
    public static void PrintCodes(Terminal terminal, IReadOnlyList<string> frames)
    {
        foreach (var frame in frames)
        {
            foreach (var line in terminal.IsJson ? [] : QrPicture.Of(frame).Lines(terminal.HasColor))
            {
                terminal.Line(line);
            }

            terminal.Line(frame);
        }
    }

    /// <summary>
    /// Files signatures that were made elsewhere. All of them are recovered and judged before the first is filed: one over something else, by somebody else than said, or by nobody who may, is refused.
    /// </summary>
    /// <exception cref="ControlException">
    /// <c>signature-other-change</c>, <c>signature-other-digest</c>, <c>signature-other-key</c> (exit 6); <c>signature-nobodys</c>, <c>approval-not-needed</c> (exit 4, 2); those of <see cref="SigningAnswer.Read"/>.
    /// </exception>
    public async Task<ExitCode> TakeBackAsync(string text, string name, CancellationToken cancellation)
    {
        var answer = SigningAnswer.Read(text, name);
        if (answer.Change is { } other && other != Document.Digest())
        {
            throw new ControlException("signature-other-change", ExitCode.Mismatch, $"{name} holds signatures for the change {other}, and this one is {Document.Digest()}.", "Give it to the change that it is for.");
        }

        RequireOpen();
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var carrier = IsVerified || !IsSafe ? null : await SafeCarrier.CurrentAsync(client, change, cancellation).ConfigureAwait(false);
        var standing = carrier is null ? null : await carrier.StandingAsync(cancellation).ConfigureAwait(false);
        if (IsVerified || (carrier is null && session.Policy is null))
        {
            throw new ControlException("approval-not-needed", ExitCode.Refused, $"The change {change.Id} takes no signature any more: no Safe transaction of it waits, and no duty is asked for.", $"See how it stands: agijobs change show {change.Id}");
        }

        var judged = answer.Signatures.Select(signature => Judge(signature, standing)).ToList();
        foreach (var (signature, duty, owner) in judged)
        {
            var by = owner;
            if (duty is { } under)
            {
                _ = SignedRecords.Import(session.Workspace, change, under, owner, signature.Signature, session.Environment.Time);
                Terminal.Progress($"filed the consent of {session.Labels.Describe(owner)} as {under.Name()}");
            }
            else
            {
                var approval = carrier!.Import(standing!, signature.Signature, session.Environment.Time);
                by = approval.Owner;
                Terminal.Progress($"filed the signature of {session.Labels.Describe(approval.Owner)} over {approval.SafeTxHash}");
                CopyApprovals([change.PathOf(approval)]);
            }

            await RecordAsync("change.approved", data =>
            {
                data["by"] = by.ToString();
                data["owner"] = duty is null;
                data["duty"] = duty?.Name();
                data["imported"] = true;
            }, cancellation, Consents($"*{by}.json")).ConfigureAwait(false);
        }

        var after = await StandingAsync(cancellation).ConfigureAwait(false);
        PrintApproved("agijobs.change-approve/1", await Gate(client, Simulation(), after).DecideAsync(change, null, cancellation).ConfigureAwait(false), after);
        return ExitCode.Clean;
    }

    /// <summary>The text that a scanner read, or the content of the file that it was kept in.</summary>
    public static string TextOf(Session session, string textOrFile)
    {
        if (SigningFrames.IsFrames(textOrFile))
        {
            return textOrFile;
        }

        var path = session.PathOf(textOrFile);
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ControlException("file-read", ExitCode.BadInput, $"{path} could not be read: {problem.Message}", $"Give a file, or the text itself; it begins with {SigningFrames.Header}", problem);
        }
    }

    // Under which duty a signature counts, or null for a Safe's transaction, and who made it.
    private (ReturnedSignature Signature, Duty? Duty, Address Owner) Judge(ReturnedSignature signature, SafeStanding? standing)
    {
        var items = Enum.GetValues<Duty>().Select(duty => new SigningItem.OfDuty(Document.Digest(), Document.ChainId, duty)).Where(_ => session.Policy is not null).ToList();
        var places = standing?.Tree.ToList() ?? [];
        if (signature.Digest is { } digest)
        {
            items.RemoveAll(item => item.Digest != digest);
            places.RemoveAll(place => place.Hash.Value != digest);
            if (items.Count == 0 && places.Count == 0)
            {
                throw new ControlException(
                    "signature-other-digest",
                    ExitCode.Mismatch,
                    $"The signature is over {digest}, which this change does not ask for{(standing is null ? "" : $" (its Safe transaction is now {standing.Hash.Value}, at nonce {standing.State.Nonce})")}.",
                    "Nothing was filed. A signature over an earlier nonce counts no more: export the request again and have that signed.");
            }
        }

        foreach (var item in items)
        {
            if (Recover(item.Digest, signature.Signature) is { } found && session.Policy!.People.Of(found)?.Duties.Contains(item.Duty) == true)
            {
                return (signature, item.Duty, Own(found));
            }
        }

        foreach (var (place, owner) in places.SelectMany(place => place.State.Quorum.Owners.Select(owner => (place, owner))))
        {
            if (SafeCarrier.IsBy(signature.Signature, place.Hash.Value, owner))
            {
                return (signature, null, Own(owner));
            }
        }

        if (signature is { Signer: { } said } && items.Select(item => item.Digest).Concat(places.Select(place => place.Hash.Value)).ToList() is [var only] && Recover(only, signature.Signature) is { } other && other != said)
        {
            throw OtherKey(said, other);
        }

        var asked = standing is null ? [] : standing.Tree.Select(place => $"{place.Hash.Value} (the Safe {place.State.Domain.Safe}, nonce {place.State.Nonce})").ToList();
        throw new ControlException(
            "signature-nobodys",
            ExitCode.Refused,
            $"The signature is {(asked.Count > 0 ? $"no owner's over {string.Join(" or ", asked)}" : "nobody's")}{(session.Policy is null ? "" : $"{(asked.Count > 0 ? ", and" : ":")} no consent to this change by anybody under a duty of theirs")}.",
            "Have somebody sign who may. A signature over an earlier nonce counts no more.");

        Address Own(Address found) => signature.Signer is null || signature.Signer == found ? found : throw OtherKey(signature.Signer.Value, found);

        static ControlException OtherKey(Address said, Address found) =>
            new("signature-other-key", ExitCode.Mismatch, $"The signature is said to be {said}'s and was made by {found}.", "Nothing was filed. Find out which key signed.");
    }

    private static Address? Recover(Bytes32 digest, byte[] signature)
    {
        try
        {
            return Secp256k1.Recover(digest, Signature.FromBytes(signature));
        }
        catch (EthereumException)
        {
            return null;
        }
    }

    // What is to be signed, by whom.
    private async Task<(SigningRequest Request, IReadOnlyList<IReadOnlyList<Address>> Signers)> RequestAsync(IReadOnlyList<Duty> duties, IReadOnlyList<SignerReference> who, CancellationToken cancellation)
    {
        if (IsVerified)
        {
            throw new ControlException("change-executed", ExitCode.Refused, $"The change {change.Id} was executed and verified; a signature would be for nothing.", "Plan it again for another --instance if it is to be done once more.");
        }

        RequireOpen();
        _ = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var standing = await StandingAsync(cancellation).ConfigureAwait(false);
        var asked = who.Select(signer => signer.Address).ToList();
        var items = new List<SigningItem>();
        var signers = new List<IReadOnlyList<Address>>();
        var explicitly = duties.Count > 0;
        if (explicitly && session.Policy is null)
        {
            throw new ControlException("approval-not-needed", ExitCode.BadInput, $"Nobody has duties on '{Document.Network}': {GateDecision.NotManaged}.", "Leave --duty out, or write config/policy.json and config/operators.json.");
        }

        foreach (var place in !explicitly || duties.Contains(Duty.Approver) ? standing?.Tree ?? [] : [])
        {
            Add(new SigningItem.OfSafe(place.Hash), place.State.Quorum.Owners.Except(place.Nested.Select(child => child.State.Domain.Safe)));
        }

        foreach (var duty in session.Policy is null ? [] : explicitly ? duties : [Duty.Approver])
        {
            Add(new SigningItem.OfDuty(Document.Digest(), Document.ChainId, duty), session.Policy!.People.With(duty).SelectMany(person => person.Addresses));
        }

        return items.Count > 0
            ? (new SigningRequest(Document.Network, Document.ChainId, Document.Digest(), Document.Title, items), signers)
            : throw new ControlException("approval-not-needed", ExitCode.Refused, who.Count > 0 ? $"{string.Join(", ", who.Select(signer => $"'{signer.Name}'"))} has nothing to sign for {change.Id}: no owner of its Safe, and nobody with the duty." : $"The change {change.Id} takes no signatures.", $"See how it stands: agijobs change show {change.Id}");

        void Add(SigningItem item, IEnumerable<Address> may)
        {
            var these = may.Distinct().Where(address => asked.Count == 0 || asked.Contains(address)).ToList();
            if (these.Count > 0)
            {
                items.Add(item);
                signers.Add(these);
            }
        }
    }

    private List<string> Words(SigningRequest request) =>
    [
        $"You are asked to sign for the change {change.Id} on network {request.Network}, chain {request.Chain}: {request.Title}.",
        .. request.Items.SelectMany(item => SigningWords.Of(item, session.Protocol, session.Labels.NameOf)),
    ];

    private void PrintRequest(SigningRequest request, IReadOnlyList<string> words)
    {
        Terminal.Line($"network {request.Network}, chain {request.Chain}");
        foreach (var line in words)
        {
            Terminal.Line(line);
        }
    }

    private void JsonRequest(SigningRequest request, IReadOnlyList<IReadOnlyList<Address>> signers, Action<System.Text.Json.Utf8JsonWriter> rest) => Terminal.Json("agijobs.signing-request/1", ExitCode.Clean, writer =>
    {
        WriteChange(writer);
        writer.WriteStartArray("items");
        foreach (var (item, may) in request.Items.Zip(signers))
        {
            writer.WriteStartObject();
            writer.WriteString("what", item.What);
            writer.WriteString("digest", item.Digest.ToString());
            writer.WriteStartArray("signers");
            foreach (var address in may)
            {
                writer.WriteStringValue(address.ToString());
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        rest(writer);
    });
}
