using System.Text;
using AgiJobs.Ethereum.Safes;
using static AgiJobs.Ethereum.Tests.Safes.SafeSamples;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class SafeServiceProposalTests
{
    [Fact]
    public void The_body_has_the_fields_of_the_service_in_its_forms()
    {
        var signature = Sign(1, PauseHash.Value);
        var body = Encoding.UTF8.GetString(new SafeServiceProposal(PauseHash, Owner(1), SafeSignature.OfHash(signature), "drill").ToJson());
        Assert.Equal(
            "{\"safe\":\"0x111CEEee040739fD91D29C34C33E6B3E112F2177\",\"to\":\"0x49d4450977E2c95362C13D3a31a09311E0Ea26A6\",\"value\":\"0\",\"data\":\"0x8456cb59\",\"operation\":0,"
            + "\"safeTxGas\":\"0\",\"baseGas\":\"0\",\"gasPrice\":\"0\",\"gasToken\":null,\"refundReceiver\":null,\"nonce\":7,"
            + $"\"contractTransactionHash\":\"{PauseHash.Value}\",\"sender\":\"{Owner(1)}\",\"signature\":\"{signature}\",\"origin\":\"drill\"}}",
            body);
    }

    [Fact]
    public void A_signature_by_another_than_the_sender_and_a_long_origin_are_refused()
    {
        Assert.Equal("safe-signature-other-hash", Assert.Throws<EthereumException>(() => new SafeServiceProposal(PauseHash, Owner(2), SafeSignature.OfHash(Sign(1, PauseHash.Value)))).Code);
        Assert.Equal("safe-service-origin", Assert.Throws<EthereumException>(() => new SafeServiceProposal(PauseHash, Owner(1), null, new string('x', 201))).Code);
    }
}
