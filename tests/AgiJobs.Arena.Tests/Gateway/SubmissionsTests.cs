using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Tests.Gateway;

public sealed class SubmissionsTests
{
    [Fact]
    public void A_name_by_digest_is_that_of_the_standard() =>
        // RFC 6920, section 8.2: the SHA-256 of "Hello World!".
        Assert.Equal("ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk", Submissions.UriOf(GatewayStatement.Digest("Hello World!"u8)));

    [Theory]
    [InlineData("moderation:words", 403)]
    [InlineData("task-of-tomorrow", 400)]
    [InlineData("something-else", 500)]
    public void Every_code_has_a_status(string code, int status) => Assert.Equal(status, GatewayCode.StatusOf(code));

    [Fact]
    public void The_signed_text_is_that_of_the_protocols_example()
    {
        var statement = new GatewayStatement(
            ChainId.Local,
            Address.Parse("0x5FbDB2315678afecb367f032d93F642f64180aa3"),
            "PUT",
            "/v1/rounds/7/answer",
            GatewayStatement.Digest([]),
            DateTimeOffset.FromUnixTimeMilliseconds(1795246416220),
            "5f0c6d2f9a1b4c3d",
            Address.Parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
        Assert.Equal(
            """
            AGI Jobs gateway v1
            chain 31337
            arena 0x5FbDB2315678afecb367f032d93F642f64180aa3
            PUT /v1/rounds/7/answer
            body e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
            timestamp 1795246416220
            nonce 5f0c6d2f9a1b4c3d
            address 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266
            """,
            statement.ToString());
    }
}
