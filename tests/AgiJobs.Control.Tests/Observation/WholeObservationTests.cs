using System.Net;
using System.Net.Sockets;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Tests.Observation;

public sealed class WholeObservationTests
{
    [Fact]
    public async Task What_is_wrong_with_the_description_is_said_while_a_node_keeps_silent()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var options = RpcOptions.For($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");

        var refused = await Assert.ThrowsAsync<ControlException>(() => WholeObservation.ReadAsync(options, () => throw new ControlException("description-invalid", ExitCode.BadInput, "It is wrong.", "Mend it."), ChainId.Local, TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.Equal("description-invalid", refused.Code);
    }
}
