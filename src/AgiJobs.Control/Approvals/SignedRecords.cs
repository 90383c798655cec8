using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Control.Approvals;

/// <summary>A person's consent to a change, its signature verified.</summary>
/// <param name="Person">Who.</param>
/// <param name="Duty">Under which duty.</param>
/// <param name="Signer">With which address.</param>
public sealed record Consent(Operator Person, Duty Duty, Address Signer);

/// <summary>A refusal that counts.</summary>
/// <param name="By">Who refused.</param>
/// <param name="Reason">Why.</param>
public sealed record Objection(string By, string Reason);

/// <summary>The signed approvals and refusals of one change, each verified by recovery whenever it is read. A record that cannot be read is no consent, and is an objection.</summary>
/// <param name="Consents">What counts, ordered by file.</param>
/// <param name="Objections">Refusals that count.</param>
/// <param name="Discounted">Records that count not, each with the reason.</param>
public sealed record SignedRecords(IReadOnlyList<Consent> Consents, IReadOnlyList<Objection> Objections, IReadOnlyList<string> Discounted)
{
    /// <summary>Reads those of a change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="people">The people of its network; null when approvals are not managed, and then every signature stands for itself.</param>
    public static SignedRecords Read(FiledChange change, OperatorBook? people)
    {
        var folder = Path.Combine(change.Folder, "approvals");
        var digest = change.Document.Digest();
        var chain = change.Document.ChainId;
        var consents = new List<Consent>();
        var objections = new List<Objection>();
        var discounted = new List<string>();
        foreach (var path in Files(folder))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith("duty-", StringComparison.Ordinal))
            {
                if (Consented(path) is { } why)
                {
                    discounted.Add($"{name}: {why}");
                }
            }
            else if (name.StartsWith("refusal-", StringComparison.Ordinal))
            {
                Refused(path, name);
            }
        }

        return new SignedRecords(consents, objections, discounted);

        string? Consented(string path)
        {
            DutyApproval approval;
            try
            {
                approval = JsonFile.Read(path, ApprovalJson.Default.DutyApproval);
            }
            catch (ControlException problem)
            {
                return $"it cannot be read: {problem.Message}";
            }

            if (approval.Version != 1)
            {
                return $"it has version {approval.Version}; this program reads version 1";
            }

            if (approval.Change != digest)
            {
                return $"it approves the change {approval.Change}, not this one";
            }

            if (approval.ChainId != chain)
            {
                return $"it is for chain {approval.ChainId}, and this change is for chain {chain}";
            }

            if (!IsBy(ApprovalStatements.Approval(digest, chain, approval.Duty).Digest, approval.Signature, approval.Signer, out var problem2))
            {
                return problem2;
            }

            if (Person(approval.Signer) is not { } person)
            {
                return $"{approval.Signer} is nobody's address in the operators' files";
            }

            if (people is not null && !person.Duties.Contains(approval.Duty))
            {
                return $"{person.Name} does not have the duty {approval.Duty.Name()}";
            }

            consents.Add(new Consent(person, approval.Duty, approval.Signer));
            return null;
        }

        void Refused(string path, string name)
        {
            DutyRefusal refusal;
            try
            {
                refusal = JsonFile.Read(path, ApprovalJson.Default.DutyRefusal);
            }
            catch (ControlException problem)
            {
                objections.Add(new Objection(name, $"the refusal cannot be read and so counts: {problem.Message}"));
                return;
            }

            if (refusal.Change != digest || refusal.ChainId != chain || refusal.Version != 1)
            {
                discounted.Add($"{name}: it refuses the change {refusal.Change} on chain {refusal.ChainId}, not this one");
            }
            else if (!IsBy(ApprovalStatements.Refusal(digest, chain, refusal.Duty, refusal.Reason).Digest, refusal.Signature, refusal.Signer, out var problem))
            {
                objections.Add(new Objection(name, $"the refusal was altered and so counts: {problem}"));
            }
            else if (Person(refusal.Signer) is not { } person || (people is not null && !person.Duties.Contains(refusal.Duty)))
            {
                discounted.Add($"{name}: {refusal.Signer} is nobody with the duty {refusal.Duty.Name()}");
            }
            else
            {
                objections.Add(new Objection($"{person.Name} ({refusal.Duty.Name()})", refusal.Reason));
            }
        }

        Operator? Person(Address address) => people is null ? new Operator { Name = address.ToString(), Addresses = [address], Duties = [] } : people.Of(address);
    }

    /// <summary>True when a change's folder holds a refusal, whatever it is worth: planning goes on to another instance.</summary>
    public static bool HoldsRefusal(FiledChange change) => Files(Path.Combine(change.Folder, "approvals")).Any(path => Path.GetFileName(path).StartsWith("refusal-", StringComparison.Ordinal));

    /// <summary>Has a signer consent and files it with the change, and a copy in <c>storage/approvals/CHANGE/</c>.</summary>
    /// <exception cref="EthereumException">Those of the signer; <c>signature-other-key</c> when it signed with another key, which is not filed.</exception>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public static async Task<DutyApproval> ApproveAsync(Workspace workspace, FiledChange change, Duty duty, ISigner signer, TimeProvider time, CancellationToken cancellation)
    {
        var document = ApprovalStatements.Approval(change.Document.Digest(), change.Document.ChainId, duty);
        var approval = new DutyApproval
        {
            Version = 1,
            Change = change.Document.Digest(),
            ChainId = change.Document.ChainId,
            Duty = duty,
            Signer = signer.Address,
            Signature = await SignAsync(document, signer, cancellation).ConfigureAwait(false),
            SignedAt = time.GetUtcNow(),
        };
        File(workspace, change, $"duty-{duty.Name()}-{signer.Address}.json", JsonFile.Encode(approval, ApprovalJson.Default.DutyApproval));
        return approval;
    }

    /// <summary>Files a consent that was signed elsewhere, like <see cref="ApproveAsync"/>.</summary>
    /// <exception cref="ControlException"><c>signature-other-key</c> (exit 6) when it is not the signer's over this change and duty, which is not filed; <c>file-write</c>.</exception>
    public static DutyApproval Import(Workspace workspace, FiledChange change, Duty duty, Address signer, byte[] signature, TimeProvider time)
    {
        var digest = change.Document.Digest();
        if (!IsBy(ApprovalStatements.Approval(digest, change.Document.ChainId, duty).Digest, signature, signer, out var why))
        {
            throw new ControlException("signature-other-key", ExitCode.Mismatch, $"The signature is not that of {signer}: {why}.", "Nothing was filed. Have it signed again.");
        }

        var approval = new DutyApproval { Version = 1, Change = digest, ChainId = change.Document.ChainId, Duty = duty, Signer = signer, Signature = signature, SignedAt = time.GetUtcNow() };
        File(workspace, change, $"duty-{duty.Name()}-{signer}.json", JsonFile.Encode(approval, ApprovalJson.Default.DutyApproval));
        return approval;
    }

    /// <summary>Has a signer refuse and files it like <see cref="ApproveAsync"/>.</summary>
    /// <exception cref="EthereumException">Those of <see cref="ApproveAsync"/>.</exception>
    /// <exception cref="ControlException"><c>file-write</c>, or <c>reason-needed</c> when the reason is empty.</exception>
    public static async Task<DutyRefusal> RefuseAsync(Workspace workspace, FiledChange change, Duty duty, string reason, ISigner signer, TimeProvider time, CancellationToken cancellation)
    {
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new ControlException("reason-needed", ExitCode.BadInput, "A refusal without a reason helps nobody.", "Say why in a sentence.");
        }

        var document = ApprovalStatements.Refusal(change.Document.Digest(), change.Document.ChainId, duty, reason);
        var refusal = new DutyRefusal
        {
            Version = 1,
            Change = change.Document.Digest(),
            ChainId = change.Document.ChainId,
            Duty = duty,
            Reason = reason,
            Signer = signer.Address,
            Signature = await SignAsync(document, signer, cancellation).ConfigureAwait(false),
            SignedAt = time.GetUtcNow(),
        };
        File(workspace, change, $"refusal-{duty.Name()}-{signer.Address}.json", JsonFile.Encode(refusal, ApprovalJson.Default.DutyRefusal));
        return refusal;
    }

    internal static async Task<byte[]> SignAsync(Ethereum.TypedData.TypedDocument document, ISigner signer, CancellationToken cancellation)
    {
        var bytes = (await signer.SignTypedDataAsync(document, cancellation).ConfigureAwait(false)).ToBytes();
        return IsBy(document.Digest, bytes, signer.Address, out var why)
            ? bytes
            : throw new ControlException("signature-other-key", ExitCode.Mismatch, $"The signer of {signer.Address} gave a signature that is not its own: {why}.", "Nothing was filed. Check what the signer's reference points to.");
    }

    internal static bool IsBy(Bytes32 hash, byte[] signature, Address signer, out string why)
    {
        try
        {
            var recovered = Secp256k1.Recover(hash, Signature.FromBytes(signature));
            why = recovered == signer ? "" : $"it was not made by {signer}: it was altered, or is over something else";
            return recovered == signer;
        }
        catch (EthereumException problem)
        {
            why = problem.Message;
            return false;
        }
    }

    private static void File(Workspace workspace, FiledChange change, string name, byte[] content)
    {
        AtomicFile.Write(workspace.Locate("storage", "approvals", change.Id, name), content);
        AtomicFile.Write(Path.Combine(change.Folder, "approvals", name), content);
    }

    private static IEnumerable<string> Files(string folder) => Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal) : [];
}
