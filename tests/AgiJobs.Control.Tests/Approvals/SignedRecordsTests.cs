using System.Text.Json.Nodes;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Control.Tests.Approvals;

public sealed class SignedRecordsTests : IDisposable
{
    private readonly ApprovalGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task An_approval_is_filed_with_the_change_and_beside_it_and_counts_when_it_is_read()
    {
        var change = _ground.File(_ground.Other());
        await _ground.ApproveAsync(change, Duty.Approver, 1);
        var name = $"duty-approver-{_ground.At(1)}.json";
        Assert.Equal(File.ReadAllBytes(Path.Combine(change.Folder, "approvals", name)), File.ReadAllBytes(_ground.Workspace.Locate("storage", "approvals", change.Id, name)));
        var consent = Assert.Single(Read(change).Consents);
        Assert.Equal(("bob", Duty.Approver, _ground.At(1)), (consent.Person.Name, consent.Duty, consent.Signer));
        Assert.Empty(change.SafeApprovals());
    }

    [Fact]
    public void What_is_signed_is_what_another_program_would_sign()
    {
        var document = ApprovalStatements.Approval(Bytes32.FromUnsigned(7), ChainId.Local, Duty.Approver);
        var json = JsonNode.Parse(document.ToJson())!;
        Assert.Equal(("AGI Jobs Owner Control", "1", "Approval", "approver"), ((string?)json["domain"]!["name"], (string?)json["domain"]!["version"], (string?)json["primaryType"], (string?)json["message"]!["duty"]));
        Assert.Null(json["domain"]!["verifyingContract"]);
        Assert.Equal(document.Digest, TypedDocument.FromJson(document.ToJson()).Digest);
        Assert.Equal("Approval(bytes32 change,uint256 chainId,string duty)", document.Schema.Primary.EncodedType);
    }

    [Fact]
    public void No_statement_is_another_and_none_is_that_of_a_Safe()
    {
        var change = Bytes32.FromUnsigned(7);
        var safe = new SafeDomain(SafeVersion.Parse("1.4.1"), ChainId.Local, _ground.At(0));
        List<Bytes32> digests =
        [
            .. Enum.GetValues<Duty>().Select(duty => ApprovalStatements.Approval(change, ChainId.Local, duty).Digest),
            ApprovalStatements.Approval(change, new ChainId(1), Duty.Approver).Digest,
            ApprovalStatements.Approval(Bytes32.FromUnsigned(8), ChainId.Local, Duty.Approver).Digest,
            ApprovalStatements.Refusal(change, ChainId.Local, Duty.Approver, "").Digest,
            ApprovalStatements.Refusal(change, ChainId.Local, Duty.Approver, "no").Digest,
            ApprovalStatements.Standing(change, ChainId.Local).Digest,
            ApprovalStatements.Revocation(change, ChainId.Local, "").Digest,
            change,
        ];
        Assert.Equal(digests.Count, digests.Distinct().Count());
        var separator = ApprovalStatements.Approval(change, ChainId.Local, Duty.Approver).DomainSeparator;
        Assert.NotEqual(separator, safe.Separator);
        Assert.NotEqual(separator, new TypedDomain { Name = "AGI Jobs SystemPause", Version = "1", ChainId = ChainId.Local, VerifyingContract = _ground.At(0) }.Separator);
    }

    [Fact]
    public async Task A_signature_over_a_Safe_transaction_or_a_standing_approval_does_not_count_as_an_approval()
    {
        var change = _ground.File(_ground.Other());
        await _ground.ApproveAsync(change, Duty.Approver, 1);
        foreach (var hash in (Bytes32[])[change.Document.Digest(), ApprovalStatements.Standing(change.Document.Digest(), ChainId.Local).Digest, ApprovalStatements.Refusal(change.Document.Digest(), ChainId.Local, Duty.Approver, "").Digest])
        {
            var key = Bytes32.Parse("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
            var signature = Secp256k1.Sign(hash, key.ToBytes());
            Assert.Equal(_ground.At(1), Secp256k1.Recover(hash, signature));
            Edit(change, "duty-approver", json => json["signature"] = signature.ToString());
            Discounted(change, "not made by");
        }
    }

    [Fact]
    public async Task An_approval_that_is_not_for_this_is_shown_with_the_reason_and_not_counted()
    {
        var change = _ground.File(_ground.Other());
        foreach (var (edit, reason) in ((Action<JsonObject>, string)[])[
            (json => json["change"] = Bytes32.FromUnsigned(1).ToString(), "not this one"),
            (json => json["chainId"] = 1, "chain 1"),
            (json => json["duty"] = "security", "not made by"),
            (json => json["signer"] = _ground.At(2).ToString(), "not made by"),
            (json => json["signature"] = "0x", "65 bytes"),
            (json => json["signature"] = "0x" + new string('1', 130), ""),
            (json => json["version"] = 2, "version 2"),
            (json => json.Remove("duty"), "cannot be read"),
            (json => json["more"] = 1, "cannot be read")])
        {
            await _ground.ApproveAsync(change, Duty.Approver, 1);
            Edit(change, "duty-approver", edit);
            Discounted(change, reason);
        }

        foreach (var text in (string[])["", "{", "null", "[]"])
        {
            File.WriteAllText(Find(change, "duty-approver"), text);
            Discounted(change, "cannot be read");
        }
    }

    [Fact]
    public async Task One_who_is_no_operator_any_more_or_lost_the_duty_counts_no_more()
    {
        var change = _ground.File(_ground.Other());
        await _ground.ApproveAsync(change, Duty.Approver, 2);
        Assert.Single(Read(change).Consents);
        _ground.People[2] = _ground.Person("cid", [2], Duty.Finance);
        Discounted(change, "cid does not have the duty approver");
        _ground.People.RemoveAt(2);
        Discounted(change, "nobody's address");
    }

    [Fact]
    public async Task A_refusal_counts_when_it_is_signed_by_somebody_with_the_duty_and_also_when_it_was_altered_or_cannot_be_read()
    {
        var change = _ground.File(_ground.Other());
        await _ground.RefuseAsync(change, Duty.Approver, 2, "The ticket says another value.");
        var path = Find(change, "refusal-");
        var objection = Assert.Single(Read(change).Objections);
        Assert.Equal(("cid (approver)", "The ticket says another value."), (objection.By, objection.Reason));
        var good = File.ReadAllText(path);
        File.WriteAllText(path, good.Replace("another", "a better", StringComparison.Ordinal));
        Assert.Contains("altered", Assert.Single(Read(change).Objections).Reason, StringComparison.Ordinal);
        File.WriteAllText(path, "{");
        Assert.Contains("cannot be read", Assert.Single(Read(change).Objections).Reason, StringComparison.Ordinal);
        File.WriteAllText(path, good);
        _ground.People.RemoveAt(2);
        Assert.Empty(Read(change).Objections);
        Assert.Single(Read(change).Discounted);
    }

    [Fact]
    public async Task A_refusal_needs_a_reason() =>
        Assert.Equal("reason-needed", (await Assert.ThrowsAsync<ControlException>(() => _ground.RefuseAsync(_ground.File(_ground.Other()), Duty.Approver, 2, " "))).Code);

    private SignedRecords Read(FiledChange change) => SignedRecords.Read(change, _ground.Policy.People);

    private void Discounted(FiledChange change, string reason)
    {
        var records = Read(change);
        Assert.Empty(records.Consents);
        Assert.Contains(reason, Assert.Single(records.Discounted), StringComparison.Ordinal);
    }

    private static string Find(FiledChange change, string beginning) => Directory.GetFiles(Path.Combine(change.Folder, "approvals"), beginning + "*").Single();

    private static void Edit(FiledChange change, string beginning, Action<JsonObject> edit)
    {
        var path = Find(change, beginning);
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
