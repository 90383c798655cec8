using System.Text;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Signing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Tests.Signing;

public sealed class SigningRequestTests
{
    private static readonly Address Safe = Address.Parse("0x111CEEee040739fD91D29C34C33E6B3E112F2177");
    private static readonly Bytes32 Change = Bytes32.Parse("0x" + new string('a', 64));
    private static readonly SafeTransactionHash Hash = SafeTransactionHash.Compute(
        new SafeDomain(SafeVersion.V141, new ChainId(42161), Safe),
        new SafeTransaction { To = Safe, Data = Hex.Decode("0x0d582f130000000000000000000000000c75fa5a5f1c0997e3eea425cfa13184ed0ec9e50000000000000000000000000000000000000000000000000000000000000003"), Nonce = 234 });

    private static readonly SigningRequest Request = new("mainnet", new ChainId(42161), Change, "Add an owner", [new SigningItem.OfSafe(Hash), new SigningItem.OfDuty(Change, new ChainId(42161), Duty.Approver)]);

    [Fact]
    public void The_digests_are_computed_anew_from_the_compact_form_and_are_the_published_ones()
    {
        var read = SigningRequest.FromCompact(Request.ToCompact());
        Assert.Equal([Bytes32.Parse("0x0cb7250b8becd7069223c54e2839feaed4cee156363fbfe5dd0a48e75c4e25b3"), ApprovalStatements.Approval(Change, new ChainId(42161), Duty.Approver).Digest], read.Items.Select(item => item.Digest));
        Assert.Equal(("mainnet", Change, "Add an owner"), (read.Network, read.Change, read.Title));
        Assert.DoesNotContain("0x0cb7250b", Encoding.UTF8.GetString(Request.ToCompact()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"mainnet\"", "\"../../etc\"")]
    [InlineData("\"request/1\"", "\"request/2\"")]
    [InlineData("\"title\"", "\"surprise\"")]
    [InlineData("\"nonce\":\"234\"", "\"nonce\":\"-1\"")]
    [InlineData("\"nonce\":\"234\"", "\"nonce\":\"234\",\"gasPrice\":\"9\"")]
    [InlineData("\"operation\":0", "\"operation\":2")]
    [InlineData("0x111CEEee040739fD91D29C34C33E6B3E112F2177", "0x111CEEee040739fD91D29C34C33E6B3E112f2177")]
    [InlineData("\"approver\"", "\"boss\"")]
    public void A_request_with_anything_else_in_it_is_refused(string what, string by)
    {
        var text = Encoding.UTF8.GetString(Request.ToCompact());
        Assert.Contains(what, text, StringComparison.Ordinal);
        var problem = Assert.Throws<ControlException>(() => SigningRequest.FromCompact(Encoding.UTF8.GetBytes(text.Replace(what, by, StringComparison.Ordinal))));
        Assert.Equal("signing-request-format", problem.Code);
    }

    [Fact]
    public void A_file_is_read_back_and_one_whose_typed_data_or_digest_was_altered_is_refused()
    {
        var file = SigningFile.Write(Request, ["words"], [[Safe], [Safe]]);
        Assert.Equal(Request.Items.Select(item => item.Digest), SigningFile.Read(file, "f").Items.Select(item => item.Digest));
        var text = Encoding.UTF8.GetString(file);
        foreach (var (what, by) in ((string, string)[])[("\"nonce\": \"234\"", "\"nonce\": \"235\""), ("000000000003\"", "000000000001\"")])
        {
            Assert.Contains(what, text, StringComparison.Ordinal);
            Assert.Equal("signing-file-altered", Assert.Throws<ControlException>(() => SigningFile.Read(Encoding.UTF8.GetBytes(text.Replace(what, by, StringComparison.Ordinal)), "f")).Code);
        }

        Assert.Equal("signature-format", Assert.Throws<ControlException>(() => SigningAnswer.Read(text, "f")).Code);
        var signed = text.Replace("\"signature\": null", $"\"signature\": \"0x{new string('1', 130)}\"", StringComparison.Ordinal);
        Assert.Equal(Request.Items.Select(item => (Bytes32?)item.Digest), SigningAnswer.Read(signed, "f").Signatures.Select(signature => signature.Digest));
        Assert.Equal("signing-file-altered", Assert.Throws<ControlException>(() => SigningAnswer.Read(signed.Replace("\"nonce\": \"234\"", "\"nonce\": \"235\"", StringComparison.Ordinal), "f")).Code);
    }

    [Fact]
    public void What_is_signed_is_said_from_what_is_signed()
    {
        var words = SigningWords.Of(Request.Items[0], null, _ => null);
        Assert.Contains(words, line => line.Contains("function 0x0d582f13", StringComparison.Ordinal));
        Assert.Contains(words, line => line.StartsWith("  FINDING", StringComparison.Ordinal));
        Assert.Contains(words, line => line.EndsWith("d9109ea63c50ecd3b80b6b27ed5c5a9fd3d546c2169dfb69bfa7ba24cd14c7a5", StringComparison.Ordinal));
        Assert.Contains("consent to the change", SigningWords.Of(Request.Items[1], null, _ => null)[1], StringComparison.Ordinal);
    }
}
