namespace AgiJobs.Ethereum.Keys;

/// <summary>Where a key is in a PKCS#11 module. A label, an id or both name it; exactly one private key must answer to them.</summary>
/// <param name="Module">The path of the vendor's library.</param>
/// <param name="Token">The token's label.</param>
/// <param name="Label">The key's label (<c>CKA_LABEL</c>).</param>
/// <param name="Id">The key's id (<c>CKA_ID</c>).</param>
public sealed record Pkcs11Key(string Module, string Token, string? Label, byte[]? Id)
{
    /// <summary>In words, for messages.</summary>
    public override string ToString() => $"the key {(Label is null ? "" : $"'{Label}' ")}{(Id is null ? "" : $"with the id {Hex.Encode(Id)} ")}on the token '{Token}' of {Module}";
}
