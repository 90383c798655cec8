namespace AgiJobs.Ethereum.Tests.Keys;

/// <summary>Small typed documents for signer tests.</summary>
internal static class TypedDocuments
{
    public static string WithChain(ulong chainId) => $$$"""
        {"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"chainId","type":"uint256"}],
                  "Note":[{"name":"text","type":"string"}]},
         "primaryType":"Note","domain":{"name":"Test","chainId":{{{chainId}}} },"message":{"text":"hello"}}
        """;

    public static string WithoutChain => """
        {"types":{"EIP712Domain":[{"name":"verifyingContract","type":"address"}],"Note":[{"name":"text","type":"string"}]},
         "primaryType":"Note","domain":{"verifyingContract":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},"message":{"text":"hello"}}
        """;
}
