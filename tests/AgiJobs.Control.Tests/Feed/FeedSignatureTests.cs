using System.Text;
using AgiJobs.Control.Feed;

namespace AgiJobs.Control.Tests.Feed;

public sealed class FeedSignatureTests
{
    // Computed with: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
    [Fact]
    public void The_header_is_the_HMAC_of_the_time_and_the_body_as_openssl_computes_it() =>
        Assert.Equal(
            "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686",
            FeedSignature.Of("secret", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), Encoding.UTF8.GetBytes("{\"a\":1}")));
}
